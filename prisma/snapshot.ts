// `node prisma/snapshot.ts NAME` writes the next migration for both providers: the difference between schema.prisma and the
// schema as it was at the last snapshot. For developers, after changing schema.prisma; read the SQL before committing it.
// `node prisma/snapshot.ts --check` only says (exit 1) whether a migration is missing.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { diffSql } from './engine.ts';
import { migrationsDir, providers, readSchema, schemaFor } from './schemas.ts';

const [name] = process.argv.slice(2);
if (!name || (name !== '--check' && !/^[a-z0-9_]+$/.test(name))) {
  console.error('usage: node prisma/snapshot.ts NAME    (lower case letters, digits and _)\n       node prisma/snapshot.ts --check');
  process.exit(1);
}
const schema = readSchema();
const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14);

for (const provider of providers) {
  const dir = migrationsDir(provider);
  const last = join(dir, 'schema.snapshot.prisma');
  const before = existsSync(last) ? schemaFor(provider, readFileSync(last, 'utf8')) : undefined;
  const sql = await diffSql(before, schemaFor(provider, schema));
  if (sql === undefined) {
    console.log(`${provider}: no change`);
  } else if (name === '--check') {
    console.error(`${provider}: schema.prisma has changes without a migration; run: node prisma/snapshot.ts NAME`);
    process.exitCode = 1;
  } else {
    const folder = join(dir, `${stamp}_${name}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'migration.sql'), sql);
    writeFileSync(last, schema);
    writeFileSync(join(dir, 'migration_lock.toml'), `provider = "${provider}"\n`);
    console.log(`${provider}: ${stamp}_${name}, ${sql.split('\n').length} lines`);
  }
}
process.exit(); // the WASM engine keeps the process alive
