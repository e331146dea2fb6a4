// The catalogue of causes: an error's status and text → title, one sentence, one next step. Quotes the lab's real names and states.
// Pure. Add an entry here and a row to causes.test.ts.
import type { ApiCall, EngineEvent } from '../../runtime/lab/control.ts';
import { stateInWords } from './words.ts';
import { actionOf, type ContainerFact, type World } from './world.ts';

export interface Explanation { title: string; text: string; command?: string; }
interface Cause { status?: number; method?: string; path: RegExp; message?: RegExp; explain: (call: ApiCall, found: RegExpExecArray, world: World) => Explanation | null; }

const nameOf = (call: ApiCall, typed?: string) => call.container?.name || typed || 'it';

const optionsFirst = 'What stands after the image\'s name is the command to run inside the container. Options of docker run stand before the image.';

const causes: Cause[] = [
  {
    status: 409, method: 'DELETE', path: /^\/containers\/([^/]+)$/, message: /running|paused/i,
    explain: (call, found) => {
      const name = nameOf(call, found[1]);
      return { title: `${name} is still running`, text: `docker rm deletes a container together with its files, so it refuses while a process still lives in there. Stop ${name} first, then remove it.`, command: `docker stop ${name}` };
    },
  },
  {
    status: 409, path: /^\/containers\/(create|[^/]+\/rename)$/, message: /name "\/?([^"]+)" is already in use by container "([0-9a-f]+)"/,
    explain: (call, _found, world) => {
      const parts = /name "\/?([^"]+)" is already in use by container "([0-9a-f]+)"/.exec(call.message ?? '');
      const name = parts?.[1] ?? '';
      const holder = parts && world.containers.get(parts[2]!);
      const state = holder && holder.state !== 'removed' ? `, which is ${stateInWords(holder)}` : '';
      return { title: `The name ${name} is taken`, text: `A name belongs to one container until that container is removed, even when it is stopped. ${name} belongs to ${parts?.[2]?.slice(0, 12) ?? 'another container'}${state}.`, command: holder?.state === 'running' ? `docker rm -f ${name}` : `docker rm ${name}` };
    },
  },
  {
    path: /^\/images\/create$/, message: /./,
    explain: call => {
      const image = [call.query.fromImage, call.query.tag].filter(Boolean).join(':').replace(/^docker\.io\/(library\/)?/, '');
      return { title: `There is no image ${image} to be had`, text: `docker did not find ${image} in this lab, asked the registry for it, and was told that it has none by that name. Check the spelling, and what stands after the colon.`, command: 'docker images' };
    },
  },
  {
    status: 304, path: /^\/containers\/([^/]+)\/start$/,
    explain: (call, found) => ({ title: `${nameOf(call, found[1])} was running already`, text: `docker start changes nothing for a container that runs: no second process was started. docker ps shows since when it has been up.`, command: 'docker ps' }),
  },
  {
    status: 304, path: /^\/containers\/([^/]+)\/stop$/,
    explain: (call, found) => ({ title: `${nameOf(call, found[1])} was stopped already`, text: `docker stop changes nothing for a container that does not run. docker ps lists only running ones; with -a it lists them all.`, command: 'docker ps -a' }),
  },
  {
    status: 404, path: /^\/containers\/([^/]+)(?:\/.*)?$/, message: /No such container/i,
    explain: (_call, found, world) => {
      const typed = found[1]!;
      const gone = [...world.containers.values()].find(fact => fact.state === 'removed' && (fact.name === typed || fact.id.startsWith(typed)));
      if (gone) return { title: `${typed} has been removed`, text: `There was a container ${typed}, but removing deletes it for good, with its files and its log. Make a new one with docker run.`, command: 'docker ps -a' };
      const near = nearest(typed, world);
      const meant = near ? ` Did you mean ${near.name}, which is ${stateInWords(near)}?` : ' A container is called by its name, its id, or the first characters of its id.';
      return { title: `No container is called ${typed}`, text: `Nothing here, running or stopped, has that name or an id that begins like it.${meant}`, command: 'docker ps -a' };
    },
  },
  {
    path: /^\/containers\/([^/]+)\/start$/, message: /executable file not found|no such file or directory/i,
    explain: call => {
      const program = /exec: "([^"]+)"/.exec(call.message ?? '')?.[1] ?? 'that';
      if (program.startsWith('-')) return { title: `${program} was taken for a command`, text: optionsFirst, command: 'docker run --help' };
      return { title: `Exit code 127: no ${program} in there`, text: `The container was made, but ${program} does not exist inside its image, so there was nothing to start. A container finds only the programs of its own image, never those of the host.`, command: 'docker ps -a' };
    },
  },
  {
    path: /^\/containers\/([^/]+)\/start$/, message: /permission denied|exec format error/i,
    explain: call => {
      const program = /exec: "([^"]+)"/.exec(call.message ?? '')?.[1] ?? 'that file';
      return { title: `Exit code 126: ${program} cannot be run`, text: `${program} exists in the image, but it is not a program that may be executed: a directory, a plain file, or one without the x permission.`, command: 'docker ps -a' };
    },
  },
  {
    path: /^\/containers\/([^/]+)\/start$/, message: /port is already allocated|address already in use/i,
    explain: call => {
      const port = /:(\d+) failed/.exec(call.message ?? '')?.[1] ?? 'That';
      return { title: `Port ${port} is taken`, text: `Only one container can be published on a port of the host. The new container was created but not started; choose another port, or stop the container that holds this one.`, command: 'docker ps' };
    },
  },
  {
    status: 409, path: /^\/containers\/([^/]+)\/(exec|attach|pause|top|kill)$/, message: /not running|stopped container/i,
    explain: (call, found, world) => {
      const fact = call.container && world.containers.get(call.container.id);
      const name = nameOf(call, found[1]);
      return { title: `${name} is not running`, text: `A stopped container has files but no processes, so there is nothing to join or to signal${fact ? `; ${name} is ${stateInWords(fact)}` : ''}. Start it first.`, command: `docker start ${name}` };
    },
  },
  {
    status: 409, path: /^\/images\/(.+)$/, method: 'DELETE', message: /container ([0-9a-f]{12,64}) is using/i,
    explain: (call, found, world) => {
      const id = /container ([0-9a-f]{12,64}) is using/i.exec(call.message ?? '')?.[1] ?? '';
      const user = [...world.containers.values()].find(fact => fact.id.startsWith(id));
      return { title: `${decodeURIComponent(found[1]!)} is in use`, text: `A container's files begin with its image, so an image stays as long as a container, even a stopped one, is made from it: here ${user?.name ?? id}.`, command: 'docker ps -a' };
    },
  },
];

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
  const name = event.Actor.Attributes.name ?? 'The container';
  if (actionOf(event) === 'oom') return { title: `${name} ran out of memory`, text: `The processes of ${name} asked for more memory than the container may have, so the kernel killed one: exit code 137 is 128 + 9, the number of SIGKILL.`, command: `docker inspect ${name}` };
  const fact = world.containers.get(event.Actor.ID);
  if (actionOf(event) === 'die' && event.Actor.Attributes.exitCode === '127' && fact && fact.starts > 0) {
    return { title: `${name} ended with exit code 127`, text: `By custom that says: command not found, here inside the container. ${optionsFirst}`, ...(fact.autoRemove ? {} : { command: `docker logs ${name}` }) };
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
