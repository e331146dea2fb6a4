// Opens the database for the web process, which is its one writer. The only file that knows both providers' clients; they are generated
// from one schema and differ in the provider alone, so the rest sees one type. Close with $disconnect().
import type { PrismaClient } from '../../prisma/client/client.ts';
import type { Database } from '../../prisma/database.ts';

export type Db = PrismaClient;

/** SQLite waits for a lock by blocking the whole process, terminals and all: so hardly at all; whenBusyAgain waits without blocking. */
const LOCK_MS = 50;

export async function openDatabase(database: Database): Promise<Db> {
  // Each brings a query compiler of some megabytes: only the one that is used is loaded.
  if (database.provider === 'postgresql') {
    const { PrismaPg } = await import('@prisma/adapter-pg');
    const { PrismaClient: PostgresClient } = await import('../../prisma/client-pg/client.ts');
    return new PostgresClient({ adapter: new PrismaPg({ connectionString: database.url }) }) as unknown as Db;
  }
  const { PrismaBetterSqlite3 } = await import('@prisma/adapter-better-sqlite3');
  const { PrismaClient } = await import('../../prisma/client/client.ts');
  const db = new PrismaClient({ adapter: new PrismaBetterSqlite3({ url: `file:${database.url}`, timeout: LOCK_MS }) });
  await db.$queryRawUnsafe('PRAGMA journal_mode = WAL'); // a query: it answers with a row
  await db.$executeRawUnsafe('PRAGMA synchronous = NORMAL');
  return db;
}

/** Codes for "somebody else was writing": time-outs of SQLite's lock and of a transaction's start, and PostgreSQL's serialisation failures. */
const BUSY = new Set(['P1008', 'P2028', 'P2034']);
const ATTEMPTS = 8;

/** Tries again, a little later each time, when another process (a backup, an operator's shell) holds the database. */
export async function whenBusyAgain<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const code = (error as { code?: unknown } | null)?.code;
      if (attempt >= ATTEMPTS || typeof code !== 'string' || !BUSY.has(code)) throw error;
      await new Promise(resolve => setTimeout(resolve, 30 * 2 ** attempt * (0.5 + Math.random())));
    }
  }
}
