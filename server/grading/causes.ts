// The catalogue of causes: an error's status and text → title, one sentence, one next step. Quotes the lab's real names and states.
// Pure. Add an entry here and a row to causes.test.ts.
import type { ApiCall, EngineEvent } from '../../runtime/lab/control.ts';
import type { Text } from '../../texts/language.ts';
import { say } from '../../texts/server.ts';
import { stateInWords } from './words.ts';
import { actionOf, type ContainerFact, type World } from './world.ts';

export interface Explanation { title: Text; text: Text; command?: string; }
interface Cause { status?: number; method?: string; path: RegExp; message?: RegExp; explain: (call: ApiCall, found: RegExpExecArray, world: World) => Explanation | null; }

const nameOf = (call: ApiCall, typed: string) => call.container?.name || typed;

const causes: Cause[] = [
  {
    status: 409, method: 'DELETE', path: /^\/containers\/([^/]+)$/, message: /running|paused/i,
    explain: (call, found) => {
      const name = nameOf(call, found[1]!);
      return { title: say('why.running', { name }), text: say('why.runningText', { name }), command: `docker stop ${name}` };
    },
  },
  {
    status: 409, path: /^\/containers\/(create|[^/]+\/rename)$/, message: /name "\/?([^"]+)" is already in use by container "([0-9a-f]+)"/,
    explain: (call, _found, world) => {
      const parts = /name "\/?([^"]+)" is already in use by container "([0-9a-f]+)"/.exec(call.message ?? '');
      const name = parts?.[1] ?? '';
      const holder = parts && world.containers.get(parts[2]!);
      const id = parts?.[2]?.slice(0, 12) ?? '';
      return { title: say('why.nameTaken', { name }), text: holder && holder.state !== 'removed' ? say('why.nameTakenBy', { name, id, state: stateInWords(holder) }) : say('why.nameTakenText', { name, id }), command: holder?.state === 'running' ? `docker rm -f ${name}` : `docker rm ${name}` };
    },
  },
  {
    path: /^\/images\/create$/, message: /./,
    explain: call => {
      const image = [call.query.fromImage, call.query.tag].filter(Boolean).join(':').replace(/^docker\.io\/(library\/)?/, '');
      return { title: say('why.noImage', { image }), text: say('why.noImageText', { image }), command: 'docker images' };
    },
  },
  {
    status: 304, path: /^\/containers\/([^/]+)\/start$/,
    explain: (call, found) => ({ title: say('why.runsAlready', { name: nameOf(call, found[1]!) }), text: say('why.runsAlreadyText'), command: 'docker ps' }),
  },
  {
    status: 304, path: /^\/containers\/([^/]+)\/stop$/,
    explain: (call, found) => ({ title: say('why.stoppedAlready', { name: nameOf(call, found[1]!) }), text: say('why.stoppedAlreadyText'), command: 'docker ps -a' }),
  },
  {
    status: 404, path: /^\/containers\/([^/]+)(?:\/.*)?$/, message: /No such container/i,
    explain: (_call, found, world) => {
      const typed = found[1]!;
      const gone = [...world.containers.values()].find(fact => fact.state === 'removed' && (fact.name === typed || fact.id.startsWith(typed)));
      if (gone) return { title: say('why.removed', { name: typed }), text: say('why.removedText', { name: typed }), command: 'docker ps -a' };
      const near = nearest(typed, world);
      return { title: say('why.noContainer', { name: typed }), text: near ? say('why.noContainerNear', { near: near.name, state: stateInWords(near) }) : say('why.noContainerText'), command: 'docker ps -a' };
    },
  },
  {
    path: /^\/containers\/([^/]+)\/start$/, message: /executable file not found|no such file or directory/i,
    explain: call => {
      const program = programOf(call);
      if (program.startsWith('-')) return { title: say('why.optionAsCommand', { program }), text: say('why.optionsFirst'), command: 'docker run --help' };
      return { title: say('why.noProgram', { program }), text: say('why.noProgramText', { program }), command: 'docker ps -a' };
    },
  },
  {
    path: /^\/containers\/([^/]+)\/start$/, message: /permission denied|exec format error/i,
    explain: call => {
      const program = programOf(call);
      return { title: say('why.notExecutable', { program }), text: say('why.notExecutableText', { program }), command: 'docker ps -a' };
    },
  },
  {
    path: /^\/containers\/([^/]+)\/start$/, message: /port is already allocated|address already in use/i,
    explain: call => {
      const port = /:(\d+) failed/.exec(call.message ?? '')?.[1] ?? '';
      return { title: say('why.portTaken', { port }), text: say('why.portTakenText'), command: 'docker ps' };
    },
  },
  {
    status: 409, path: /^\/containers\/([^/]+)\/(exec|attach|pause|top|kill)$/, message: /not running|stopped container/i,
    explain: (call, found, world) => {
      const fact = call.container && world.containers.get(call.container.id);
      const name = nameOf(call, found[1]!);
      return { title: say('why.notRunning', { name }), text: fact ? say('why.notRunningIs', { name, state: stateInWords(fact) }) : say('why.notRunningText'), command: `docker start ${name}` };
    },
  },
  {
    status: 409, path: /^\/images\/(.+)$/, method: 'DELETE', message: /container ([0-9a-f]{12,64}) is using/i,
    explain: (call, found, world) => {
      const id = /container ([0-9a-f]{12,64}) is using/i.exec(call.message ?? '')?.[1] ?? '';
      const user = [...world.containers.values()].find(fact => fact.id.startsWith(id));
      return { title: say('why.imageInUse', { image: decodeURIComponent(found[1]!) }), text: say('why.imageInUseText', { container: user?.name ?? id }), command: 'docker ps -a' };
    },
  },
];

/** What could not be run, as runc names it. */
const programOf = (call: ApiCall) => /exec: "([^"]+)"/.exec(call.message ?? '')?.[1] ?? '?';

export function explainCall(call: ApiCall, world: World): Explanation | null {
  if (call.status < 400 && call.status !== 304 && !call.message) return null;
  for (const cause of causes) {
    const found = cause.path.exec(call.path);
    if (!found || (cause.status !== undefined && cause.status !== call.status) || (cause.method !== undefined && cause.method !== call.method)) continue;
    if (cause.message && !cause.message.test(call.message ?? '')) continue;
    return cause.explain(call, found, world);
  }
  return null;
}

/** Ends that puzzle: killed for memory, or a shell inside that did not know a command. */
export function explainEvent(event: EngineEvent, world: World): Explanation | null {
  if (event.Type !== 'container') return null;
  const name = event.Actor.Attributes.name ?? event.Actor.ID.slice(0, 12);
  if (actionOf(event) === 'oom') return { title: say('why.memory', { name }), text: say('why.memoryText', { name }), command: `docker inspect ${name}` };
  const fact = world.containers.get(event.Actor.ID);
  if (actionOf(event) === 'die' && event.Actor.Attributes.exitCode === '127' && fact && fact.starts > 0) {
    return { title: say('why.ended127', { name }), text: say('why.ended127Text'), ...(fact.autoRemove ? {} : { command: `docker logs ${name}` }) };
  }
  return null;
}

/** The existing container whose name differs by at most two letters. */
function nearest(typed: string, world: World): ContainerFact | undefined {
  return [...world.containers.values()].filter(fact => fact.state !== 'removed')
    .map(fact => ({ fact, distance: distance(typed, fact.name) }))
    .filter(one => one.distance <= 2 && one.distance < typed.length)
    .sort((a, b) => a.distance - b.distance)[0]?.fact;
}

/** Levenshtein; names are short, and longer input is no typing error. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2 || a.length > 64) return Infinity;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length]!;
}
