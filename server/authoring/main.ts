// The author's command line, `npx slipway lesson …` (bin/slipway runs this as dist/lesson.js): makes a lesson, tries it in real labs, shows it while it
// is written. `new` needs nothing running; `check` needs the engine, `preview` the site.
import { basename, dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { asSlipwayError } from '../../runtime/errors.ts';
import { previewsDir } from '../../runtime/paths.ts';
import { checkLessons } from './check.ts';
import { newLesson } from './new.ts';
import { previewLesson } from './preview.ts';

const USAGE = `usage: slipway lesson COMMAND

  lesson new [FOLDER/]NAME             a lesson to begin with, right in every part; NAME may begin with its number (30-volumes)
  lesson check [FOLDER] [--no-labs]    try a lesson, or all lessons of a folder, in real labs; --no-labs only reads them
          [--only TEXT]                only cases whose name holds TEXT
  lesson preview FOLDER                show a lesson on the site while it is written; what is saved is there within a second
`;

class UsageError extends Error {}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const usage = error instanceof UsageError || (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS');
  process.stderr.write(`slipway: ${usage ? (error as Error).message : asSlipwayError(error).message}\n${usage ? `\n${USAGE}` : ''}`);
  process.exitCode = usage ? 2 : 1;
}
process.exit(); // a lab that could not be made may have left a connection open

async function main([verb, ...args]: string[]): Promise<number> {
  switch (verb) {
    case 'new': {
      const { positionals } = parseArgs({ args, options: {}, allowPositionals: true });
      if (positionals.length !== 1) throw new UsageError('what is the lesson to be called? slipway lesson new NAME');
      const path = resolve(positionals[0]!);
      const folder = await newLesson(dirname(path), basename(path));
      process.stdout.write(`${folder}\n\nWrite in lesson.md and tasks.yaml; then: npx slipway lesson check ${folder}\n`);
      return 0;
    }
    case 'check': {
      const { values, positionals } = parseArgs({ args, options: { 'no-labs': { type: 'boolean' }, only: { type: 'string' } }, allowPositionals: true });
      if (positionals.length > 1) throw new UsageError('check takes one folder');
      return checkLessons(resolve(positionals[0] ?? '.'), { labs: values['no-labs'] !== true, only: values.only ?? '', print: text => void process.stdout.write(`${text}\n`) });
    }
    case 'preview': {
      const { positionals } = parseArgs({ args, options: {}, allowPositionals: true });
      if (positionals.length !== 1) throw new UsageError('which lesson? slipway lesson preview FOLDER');
      const stop = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort());
      await previewLesson(resolve(positionals[0]!), { into: previewsDir, signal: stop.signal, print: text => void process.stdout.write(`${text}\n`) });
      return 0;
    }
    case 'help': case '--help': case '-h': case undefined:
      process.stdout.write(USAGE);
      return verb === undefined ? 2 : 0;
    default: throw new UsageError(`there is no command "lesson ${verb}"`);
  }
}
