// The one schema in its two providers. Used by generate.ts and snapshot.ts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Provider = 'sqlite' | 'postgresql';
export const providers: Provider[] = ['sqlite', 'postgresql'];

export const prismaDir = import.meta.dirname;
export const migrationsDir = (provider: Provider) => join(prismaDir, `migrations-${provider}`);

export const readSchema = () => readFileSync(join(prismaDir, 'schema.prisma'), 'utf8');

/** The schema's text for a provider, with the generated client's folder named for it. */
export function schemaFor(provider: Provider, text = readSchema()): string {
  if (provider === 'sqlite') return text;
  return text.replace('provider = "sqlite"', 'provider = "postgresql"').replace('"./client"', '"./client-pg"');
}
