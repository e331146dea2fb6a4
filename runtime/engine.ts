// The engine's main: an unprivileged process that serves the Docker API of every lab's hosts, and the control socket.
// Started by the supervisor after the broker. Labs outlive it; the next engine finds them again.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { openLibrary } from './image/library.ts';
import { openMirror } from './image/mirror.ts';
import { controlVerbs } from './lab/control.ts';
import { createLog } from './log.ts';
import { controlHandlers } from './lab/control-handlers.ts';
import { FrostyBroker } from './lab/frost.ts';
import { Labs } from './lab/labs.ts';
import type { EngineParts } from './lab/open-host.ts';
import { listenAt } from './listen.ts';
import { brokerSocket, engineDir, engineSocket, instance, libraryDir, upstreamsFile } from './paths.ts';
import { openUpstreams } from './registry/upstreams.ts';
import { serveRpc } from './rpc.ts';

const VERSION = '0.1.0';
const log = createLog({ name: 'engine' });
/** Said of every lab; other verbs at level debug. */
const LIFE = new Set(['createLab', 'resumeLab', 'suspendLab', 'disposeLab', 'snapshotLab', 'forkSnapshot']);
process.umask(0o007);

mkdirSync(engineDir, { recursive: true, mode: 0o700 });
mkdirSync(dirname(engineSocket), { recursive: true });
const broker = new FrostyBroker(brokerSocket);
const { cgroup } = await broker.call('hello', {});
// What is wrong with the file, if anything, the mirror tells, which reads it too.
const mirror = openMirror(openUpstreams(upstreamsFile, () => {}), broker, error => log.error({ err: error }, 'registries outside'));
const parts: EngineParts = {
  broker, library: openLibrary(libraryDir), mirror, cgroupVersion: cgroup,
  onError: (error, about) => log.error({ err: error, ...about }, 'something of ours failed'),
};
const labs = new Labs(parts);
await labs.restore();
/** A gate that has ended (it shares its lab's memory) is made again. */
const MEND_MS = 10_000;
setInterval(() => {
  labs.mendEgress().catch(error => log.error({ err: error }, 'egress'));
  labs.haltEnded().catch(error => log.error({ err: error }, 'labs that have ended'));
}, MEND_MS).unref();
await mirror.restore();

const server = serveRpc(controlVerbs, controlHandlers(labs, parts, VERSION), (error, verb) => log.error({ err: error, verb }, 'verb failed'), (verb, { ms, ok, error }) => {
  const made = verb === 'createLab' && ok ? { lab: (ok as { id: string }).id } : {};
  log[LIFE.has(verb) ? 'info' : 'debug']({ verb, ms, ...made, ...(error ? { error } : {}) }, error ? 'refused' : 'done');
});
await listenAt(server, engineSocket, 0o660);
log.info({ instance, cgroup, labs: labs.list().length }, 'engine listens');

// SIGTERM: labs go on (also when the supervisor was killed). SIGINT, from a supervisor that stops the service: they are suspended first.
let stopping = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => {
  if (stopping) return;
  stopping = true;
  server.close();
  stop(signal === 'SIGINT').catch(error => log.error({ err: error }, 'stopping')).finally(() => process.exit(0));
});

async function stop(suspend: boolean) {
  if (suspend) log.info({ labs: await labs.suspendAll() }, 'labs are suspended');
  await labs.close();
}
