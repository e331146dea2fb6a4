// `slipway learner …`, for the operator: who there is, and which role they have (server/lab/policy.ts). Speaks to the database like the web process, which asks
// for roles anew each time. Built into dist/learner.js; bin/slipway runs it.
import { parseArgs } from 'node:util';
import { databaseFrom } from '../../prisma/database.ts';
import { printTable } from '../../runtime/cli/table.ts';
import { openDatabase } from '../data/client.ts';
import { createLearners } from '../data/learners.ts';
import { roles, roleSchema } from '../lab/policy.ts';

const USAGE = `usage: slipway learner COMMAND

  ls [--json]         learners, the last seen first
  role ID ROLE        give one a role: ${roles.join(', ')}; the beginning of an id will do
`;

class UsageError extends Error {}

const database = databaseFrom(process.env.SLIPWAY_DATABASE_URL);
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError) && !(error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')) throw error;
  process.stderr.write(`slipway: ${(error as Error).message}\n\n${USAGE}`);
  process.exitCode = 2;
}

async function main(args: string[]): Promise<number> {
  const { values, positionals: [verb, ...words] } = parseArgs({ args, options: { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } }, allowPositionals: true });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const db = await openDatabase(database);
  try {
    const learners = createLearners(db);
    if (verb === 'ls' && words.length === 0) {
      const all = await learners.all();
      if (values.json) console.log(JSON.stringify(all));
      else printTable(['ID', 'ROLE', 'LABS', 'TASKS DONE', 'LAST SEEN'], all.map(one => [one.id, one.role, String(one.labs), String(one.done), one.lastSeenAt]));
      return 0;
    }
    if (verb === 'role' && words.length === 2) {
      const role = roleSchema.safeParse(words[1]);
      if (!role.success) throw new UsageError(`there is no role "${words[1]}"; there are ${roles.join(', ')}`);
      const found = await learners.setRole(words[0]!, role.data);
      if (found.length === 1) console.log(`${found[0]} ${role.data}`);
      else console.error(found.length ? `slipway: several learners begin with ${words[0]}: give more of the id` : `slipway: no learner begins with ${words[0]} (npx slipway learner ls shows all)`);
      return found.length === 1 ? 0 : 1;
    }
    throw new UsageError(verb ? `learner ${[verb, ...words].join(' ')} cannot be understood` : 'learner needs a verb');
  } finally {
    await db.$disconnect();
  }
}
