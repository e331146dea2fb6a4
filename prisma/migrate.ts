// Applies the migrations that a database has not seen, each in a transaction, and keeps Prisma's own table _prisma_migrations, so that
// Prisma's tools understand the result. `node prisma/migrate.ts` for set-up; migrate() for tests. Refuses migrations edited after
// they were applied. Two runs at once wait for each other.
import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Database, databaseFrom } from './database.ts';
import { migrationsDir, type Provider } from './schemas.ts';

interface Migration { name: string; sql: string; checksum: string; }
/** A driver, as far as migrating needs it. Parameters are written $1, $2 … in order. */
interface Driver {
  query(sql: string, params?: unknown[]): Promise<Record<string, unknown>[]>;
  script(sql: string): Promise<void>;
  /** Runs with no other migrating process at work. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  check(): Promise<void>;
  close(): Promise<void>;
}

/** Names of the migrations applied now; empty when all were there. */
export async function migrate(database: Database): Promise<string[]> {
  const driver = database.provider === 'sqlite' ? await openSqlite(database.url) : await openPostgres(database.url);
  try {
    return await driver.exclusively(async () => {
      await driver.script(table(database.provider));
      const applied: string[] = [];
      for (const migration of missing(readMigrations(database.provider), await driver.query('SELECT migration_name, checksum, finished_at FROM "_prisma_migrations" WHERE rolled_back_at IS NULL'))) {
        await apply(driver, migration);
        applied.push(migration.name);
      }
      await driver.check();
      return applied;
    });
  } finally {
    await driver.close();
  }
}

function readMigrations(provider: Provider): Migration[] {
  const dir = migrationsDir(provider);
  return readdirSync(dir, { withFileTypes: true }).filter(entry => entry.isDirectory()).map(entry => entry.name).sort().map(name => {
    const sql = readFileSync(join(dir, name, 'migration.sql'), 'utf8');
    return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
  });
}

function missing(all: Migration[], rows: Record<string, unknown>[]): Migration[] {
  const done = new Map(rows.map(row => [row.migration_name as string, row]));
  for (const name of done.keys()) {
    if (!all.some(migration => migration.name === name)) throw new Error(`the database has the migration ${name}, which this version does not know: it was used by a newer version`);
  }
  return all.filter(migration => {
    const row = done.get(migration.name);
    if (!row) return true;
    if (!row.finished_at) throw new Error(`migration ${migration.name} failed before; repair the database or restore a backup`);
    if (row.checksum !== migration.checksum) throw new Error(`migration ${migration.name} was edited after it was applied`);
    return false;
  });
}

async function apply(driver: Driver, migration: Migration) {
  await driver.script('BEGIN');
  try {
    await driver.script(migration.sql);
    await driver.query('INSERT INTO "_prisma_migrations" (id, checksum, finished_at, migration_name, applied_steps_count) VALUES ($1, $2, CURRENT_TIMESTAMP, $3, 1)', [randomUUID(), migration.checksum, migration.name]);
    await driver.script('COMMIT');
  } catch (error) {
    await driver.script('ROLLBACK');
    throw new Error(`migration ${migration.name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** As Prisma makes it itself. */
function table(provider: Provider): string {
  const [id, checksum, name, moment, now] = provider === 'postgresql'
    ? ['VARCHAR(36)', 'VARCHAR(64)', 'VARCHAR(255)', 'TIMESTAMPTZ', 'now()']
    : ['TEXT', 'TEXT', 'TEXT', 'DATETIME', 'current_timestamp'];
  return `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
    "id" ${id} PRIMARY KEY NOT NULL, "checksum" ${checksum} NOT NULL, "finished_at" ${moment}, "migration_name" ${name} NOT NULL, "logs" TEXT,
    "rolled_back_at" ${moment}, "started_at" ${moment} NOT NULL DEFAULT ${now}, "applied_steps_count" INTEGER NOT NULL DEFAULT 0)`;
}

async function openSqlite(path: string): Promise<Driver> {
  const { default: Sqlite } = await import('better-sqlite3');
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const db = new Sqlite(path);
  db.pragma('busy_timeout = 20000');
  db.pragma('journal_mode = WAL');
  db.pragma('foreign_keys = OFF'); // a table is rebuilt by copying it; check() looks at the references afterwards
  // SQLite's locks last for one transaction: a lock held across several needs a file of its own.
  const lock = new Sqlite(`${path}.migrate-lock`);
  lock.pragma('busy_timeout = 20000');
  return {
    query: async (sql, params = []) => {
      const statement = db.prepare(sql.replace(/\$\d+/g, '?'));
      if (statement.reader) return statement.all(...params) as Record<string, unknown>[];
      statement.run(...params);
      return [];
    },
    script: async sql => void db.exec(sql),
    exclusively: async work => {
      lock.exec('BEGIN EXCLUSIVE');
      try { return await work(); } finally { lock.exec('ROLLBACK'); }
    },
    check: async () => {
      const broken = db.pragma('foreign_key_check') as unknown[];
      if (broken.length) throw new Error(`${broken.length} references lead nowhere after migrating`);
    },
    close: async () => { db.close(); lock.close(); },
  };
}

const POSTGRES_LOCK = 72707369; // the number Prisma's own engine locks

async function openPostgres(url: string): Promise<Driver> {
  const { default: pg } = await import('pg');
  const client = new pg.Client(url);
  await client.connect();
  return {
    query: async (sql, params = []) => (await client.query(sql, params)).rows as Record<string, unknown>[],
    script: async sql => void await client.query(sql),
    exclusively: async work => {
      await client.query(`SELECT pg_advisory_lock(${POSTGRES_LOCK})`);
      return work(); // the lock ends with the connection
    },
    check: async () => {},
    close: () => client.end(),
  };
}

if (import.meta.main) {
  const database = databaseFrom();
  const applied = await migrate(database);
  console.log(applied.length ? `${database.provider}: applied ${applied.join(', ')}` : `${database.provider}: nothing to apply`);
}
