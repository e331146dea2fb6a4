import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { diffSql } from './engine.ts';
import { databaseFrom } from './database.ts';
import { migrate } from './migrate.ts';
import { migrationsDir, providers, readSchema, schemaFor } from './schemas.ts';

let dir: string;
const database = () => ({ provider: 'sqlite' as const, url: join(dir, 'deep', 'test.db') });
beforeEach(() => { dir = mkdtempSync('/tmp/slipway-migrate-'); });
afterEach(() => rmSync(dir, { recursive: true }));
function sql(text: string) {
  const db = new DatabaseSync(database().url);
  try { db.exec(text); } finally { db.close(); }
}

test('processes that migrate at once apply everything once', async () => {
  const run = () => promisify(execFile)(process.execPath, [join(import.meta.dirname, 'migrate.ts')], { env: { ...process.env, SLIPWAY_DATABASE_URL: `file:${database().url}` } });
  const said = (await Promise.all([run(), run(), run()])).map(({ stdout }) => stdout.trim()).sort();
  expect(said).toEqual([expect.stringMatching(/applied/), 'sqlite: nothing to apply', 'sqlite: nothing to apply']);
});

test('a migration that was edited after it was applied is refused', async () => {
  await migrate(database());
  sql(`UPDATE "_prisma_migrations" SET checksum = 'x'`);
  await expect(migrate(database())).rejects.toThrow(/was edited after it was applied/);
});

test('a database of a newer version is refused', async () => {
  await migrate(database());
  sql(`INSERT INTO "_prisma_migrations" (id, checksum, finished_at, migration_name) VALUES ('1', 'x', CURRENT_TIMESTAMP, '29991231_future')`);
  await expect(migrate(database())).rejects.toThrow(/newer version/);
});

test('a migration that fails leaves nothing behind and says which it was', async () => {
  await migrate(database());
  sql(`DELETE FROM "_prisma_migrations"`); // its tables are there already, so the first statement fails
  await expect(migrate(database())).rejects.toThrow(/_begin: /);
  const db = new DatabaseSync(database().url);
  expect(db.prepare('SELECT count(*) AS n FROM "_prisma_migrations"').get()).toEqual({ n: 0 });
  db.close();
});

test('no migration is missing for the schema as it is', async () => {
  for (const provider of providers) {
    const last = readFileSync(join(migrationsDir(provider), 'schema.snapshot.prisma'), 'utf8');
    expect(await diffSql(schemaFor(provider, last), schemaFor(provider, readSchema()))).toBeUndefined();
  }
});

test('the database\'s address is SQLite by default, or what the setting says, or refused', () => {
  expect(databaseFrom('')).toMatchObject({ provider: 'sqlite', url: expect.stringMatching(/slipway\.db$/) });
  expect(databaseFrom('file:/x/y.db')).toEqual({ provider: 'sqlite', url: '/x/y.db' });
  expect(databaseFrom('postgresql://u@h/d')).toEqual({ provider: 'postgresql', url: 'postgresql://u@h/d' });
  expect(() => databaseFrom('mysql://u@h/d')).toThrow(/must begin with/);
});
