// Which database: SLIPWAY_DATABASE_URL, else an SQLite file of this instance. Used by migrate.ts and server/data.
import { join } from 'node:path';
import { webDir } from '../runtime/paths.ts';
import type { Provider } from './schemas.ts';

export interface Database {
  provider: Provider;
  /** A file's path for SQLite, a connection string for PostgreSQL. */
  url: string;
}

export function databaseFrom(setting: string | undefined = process.env.SLIPWAY_DATABASE_URL): Database {
  if (!setting) return { provider: 'sqlite', url: join(webDir, 'slipway.db') };
  if (/^postgres(ql)?:\/\//.test(setting)) return { provider: 'postgresql', url: setting };
  if (setting.startsWith('file:')) return { provider: 'sqlite', url: setting.slice('file:'.length) };
  throw new Error('SLIPWAY_DATABASE_URL must begin with file: (SQLite) or postgresql://');
}
