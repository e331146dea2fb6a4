// The operator's command line, `npx slipway …` (bin/slipway runs this as dist/cli.js; only `doctor` is elsewhere, because it must work before anything
// is built). Speaks to the engine's control socket like the web process does; it has no way into a lab that the site has not.
import { parseArgs } from 'node:util';
import { SlipwayError } from '../errors.ts';
import { allowEgress, egressForEveryone, limitEgress, showEgress } from './egress.ts';
import { createLab, listLabs, removeLabs } from './labs.ts';
import { execInLab, shellInLab } from './run.ts';
import { forkSnapshot, listSnapshots, removeSnapshots, snapshotLab } from './snapshots.ts';
import { showStatus, stopAll } from './status.ts';

export const USAGE = `usage: slipway COMMAND

  doctor [--json]                      what this machine offers, and what to do where it does not
  status [--json]                      what runs, and where
  backup FILE                          all that Slipway keeps, in one file; labs may run meanwhile
  restore FILE                         puts a backup where nothing is yet; Slipway must not run
  stop [--labs]                        stop Slipway; labs are suspended, unless --labs removes them first
  lab create [--name NAME] [--json]    a new lab; it stays until it is removed
  lab ls [--json]                      all labs
  lab rm ID…                           remove labs with everything in them
  lab snapshot ID [--name NAME]        keep a lab as it is now; it goes on
  lab snapshots [--json]               all snapshots
  lab fork SNAPSHOT [--name NAME]      a new lab that begins there
  lab rm-snapshot SNAPSHOT…            remove snapshots; labs forked from them stay
  lab exec ID [--no-tty] -- CMD…       run a command in a lab; its exit code is ours
  lab shell ID                         a terminal of your own in a lab
  image add FILE | FOLDER --tag NAME   an image of your own that labs can pull; also image ls, image rm NAME…
  egress [--json]                      what labs may reach outside; nothing, unless you say so
  egress allow ENTRY…                  this and nothing else: names, *.names, addresses, blocks, with :PORTS if you like
  egress everyone on | off             all labs, or (off) those whose class or lesson wants it
  egress limit [--mbit N] [--connections N]  of each lab: each way, and new ones a second
  egress off                           nothing leaves any lab any more
  learner ls | role ID ROLE            who there is, and for how long their labs are kept
  lesson new | check | preview …       write lessons and try them; slipway lesson --help
`;

class UsageError extends Error {}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError || (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')) {
    process.stderr.write(`slipway: ${(error as Error).message}\n\n${USAGE}`);
    process.exitCode = 2;
  } else if (error instanceof SlipwayError) {
    process.stderr.write(`slipway: ${error.message}\n`);
    process.exitCode = 1;
  } else {
    throw error;
  }
}

async function main(args: string[]): Promise<number> {
  const [command, ...rest] = args;
  switch (command) {
    case 'status': return showStatus(parse(rest, { json: { type: 'boolean' } }, 0).values);
    case 'stop': return stopAll(parse(rest, { labs: { type: 'boolean' } }, 0).values);
    case 'lab': return lab(rest);
    case 'egress': return egress(rest);
    case 'help': case '--help': case '-h':
      process.stdout.write(USAGE);
      return 0;
    default: throw new UsageError(command ? `there is no command "${command}"` : 'a command is missing');
  }
}

async function lab(args: string[]): Promise<number> {
  const [verb, ...rest] = args;
  switch (verb) {
    case 'create': return createLab(parse(rest, { json: { type: 'boolean' }, name: { type: 'string' } }, 0).values);
    case 'ls': return listLabs(parse(rest, { json: { type: 'boolean' } }, 0).values);
    case 'rm': return removeLabs(parse(rest, {}, 'some').positionals);
    case 'snapshot': {
      const { values, positionals } = parse(rest, { json: { type: 'boolean' }, name: { type: 'string' } }, 1);
      return snapshotLab(positionals[0]!, values);
    }
    case 'snapshots': return listSnapshots(parse(rest, { json: { type: 'boolean' } }, 0).values);
    case 'fork': {
      const { values, positionals } = parse(rest, { json: { type: 'boolean' }, name: { type: 'string' } }, 1, 'which snapshot? give its id');
      return forkSnapshot(positionals[0]!, values);
    }
    case 'rm-snapshot': return removeSnapshots(parse(rest, {}, 'some', 'which snapshot? give its id').positionals);
    case 'shell': return shellInLab(parse(rest, {}, 1).positionals[0]!);
    case 'exec': {
      const split = rest.indexOf('--');
      const own = split < 0 ? rest.slice(0, 1) : rest.slice(0, split);
      const argv = split < 0 ? rest.slice(1) : rest.slice(split + 1);
      const { values, positionals } = parse(own, { 'no-tty': { type: 'boolean' } }, 1);
      if (!argv.length) throw new UsageError('lab exec needs a command: slipway lab exec ID -- CMD…');
      return execInLab(positionals[0]!, argv, { noTty: values['no-tty'] === true });
    }
    default: throw new UsageError(verb ? `there is no command "lab ${verb}"` : 'lab needs a verb');
  }
}

async function egress(args: string[]): Promise<number> {
  const [verb, ...rest] = args;
  switch (verb) {
    case 'allow': return allowEgress(parse(rest, {}, 'some', 'what may they reach? deb.debian.org:80, for example').positionals);
    case 'off': parse(rest, {}, 0); return allowEgress([]);
    case 'everyone': {
      const [word] = parse(rest, {}, 1, 'on or off?').positionals;
      if (word !== 'on' && word !== 'off') throw new UsageError('egress everyone is on or off');
      return egressForEveryone(word === 'on');
    }
    case 'limit': return limitEgress(parse(rest, { mbit: { type: 'string' }, connections: { type: 'string' } }, 0).values);
    default: return showEgress(parse(args, { json: { type: 'boolean' } }, 0).values);
  }
}

type Options = Record<string, { type: 'boolean' | 'string' }>;
function parse<O extends Options>(args: string[], options: O, positionals: number | 'some', missing = 'which lab? give its id') {
  const parsed = parseArgs({ args, options, allowPositionals: true, strict: true });
  const given = parsed.positionals.length;
  if (positionals === 'some' ? given === 0 : given !== positionals) throw new UsageError(given ? 'too many or too few words' : missing);
  return parsed;
}
