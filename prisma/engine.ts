// Prisma's schema engine as WebAssembly: compares schemas and writes SQL without downloading a binary and without a database.
// Used by snapshot.ts only. The glue module holds ONE instance per process, so it is made once.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3';

const require = createRequire(import.meta.url);

/** SQL that turns the first schema (or an empty database) into the second; undefined when they do not differ. */
export async function diffSql(from: string | undefined, to: string): Promise<string | undefined> {
  const engine = await create(to);
  const datamodel = (content: string) => ({ tag: 'schemaDatamodel', files: [{ path: 'schema.prisma', content }] });
  const answer = await engine.diff({
    from: from === undefined ? { tag: 'empty' } : datamodel(from),
    to: datamodel(to),
    script: true,
    exitCode: true,
    shadowDatabaseUrl: null,
    filters: { externalTables: [], externalEnums: [] },
  });
  return answer.exitCode === 0 ? undefined : answer.stdout ?? '';

  async function create(schema: string): Promise<SchemaEngine> {
    const { bindMigrationAwareSqlAdapterFactory } = require('@prisma/driver-adapter-utils') as { bindMigrationAwareSqlAdapterFactory: (factory: unknown) => unknown };
    const glue = await load();
    // The engine wants some adapter; comparing two texts never opens it.
    const adapter = new PrismaBetterSqlite3({ url: ':memory:' });
    return glue.SchemaEngine.new({ datamodels: [['schema.prisma', schema]] }, () => {}, bindMigrationAwareSqlAdapterFactory(adapter));
  }
}

interface SchemaEngine { diff(request: unknown): Promise<{ exitCode: number; stdout: string | null }>; }
interface Glue {
  __wbg_set_wasm(exports: unknown): void;
  SchemaEngine: { new: (options: unknown, log: () => void, adapter: unknown) => Promise<SchemaEngine> };
}

let loaded: Promise<Glue> | undefined;
function load(): Promise<Glue> {
  return (loaded ??= (async () => {
    const glue = (await import('@prisma/schema-engine-wasm/schema_engine_bg' as string)) as Glue;
    const file = join(dirname(require.resolve('@prisma/schema-engine-wasm')), 'schema_engine_bg.wasm');
    const { instance } = await WebAssembly.instantiate(readFileSync(file), { './schema_engine_bg.js': glue as unknown as WebAssembly.ModuleImports });
    glue.__wbg_set_wasm(instance.exports);
    (instance.exports.__wbindgen_start as () => void)();
    return glue;
  })());
}
