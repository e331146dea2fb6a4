// The broker: the only part of Slipway that runs as root. It makes and removes what the kernel gives to root alone, for the engine, by a
// dozen typed verbs (kernel/protocol.ts). It opens no network, reads no image, parses no request of a learner.
import { chownSync, mkdirSync } from 'node:fs';
import { listenAt } from '../listen.ts';
import { createLog } from '../log.ts';
import { serveRpc, type Handlers } from '../rpc.ts';
import { brokerVerbs, type BrokerVerbs } from '../kernel/protocol.ts';
import { brokerSocket, instance, labDisksDir, labRecordsDir, runDir, stateDir, uidRangesDir } from '../paths.ts';
import { Counts, COUNTS_EVERY_MS, raiseCounts } from './counts.ts';
import { diskUsage, keepQuotas, removeSnapshot } from './disk.ts';
import { Gates } from './egress/gates.ts';
import { Hosts } from './hosts.ts';
import { activity, processes, readFiles } from './readings.ts';
import { cgroupFiles } from './usage.ts';
import { shareLayer, sharedLayers, unshareLayer } from './shared-layers.ts';
import { checkTask, forgetTask, killTask, listTasks, startRelay, startTask } from './tasks.ts';

const log = createLog({ name: 'broker' });

if (process.getuid?.() !== 0) {
  console.error('The broker must run as root: it makes namespaces, mounts and cgroups for labs.');
  process.exit(1);
}
process.umask(0o022);
for (const dir of [runDir, stateDir]) mkdirSync(dir, { recursive: true, mode: 0o755 });
for (const dir of [labDisksDir, uidRangesDir]) mkdirSync(dir, { recursive: true, mode: 0o700 });
mkdirSync(labRecordsDir, { recursive: true, mode: 0o711 });

/** A limit that does not hold for longer is one that somebody finds out about. */
const QUOTAS_EVERY_MS = 5_000;
const hosts = new Hosts();
const gates = new Gates(hosts);
await hosts.sweep();
await holdQuotas();
setInterval(() => { void holdQuotas(); gates.refresh().catch(error => log.error({ err: error }, 'gates do not know of all addresses of this machine')); }, QUOTAS_EVERY_MS).unref();

raiseCounts();
const counts = new Counts(hosts, (lab, what, count) => log.warn({ lab, what, count }, 'a lab had far more of what all labs share than any use: its processes were ended'));
setInterval(() => { counts.look().catch(error => log.error({ err: error }, 'what labs share cannot be counted')); }, COUNTS_EVERY_MS).unref();

const handlers: Handlers<BrokerVerbs> = {
  hello: async () => ({ pid: process.pid, cgroup: hosts.cgroups.system.version }),
  createHost: async ({ lab, host, ...options }) => hosts.create({ lab, host }, options),
  snapshotLab: ({ lab, snapshot }) => hosts.snapshot(lab, snapshot),
  reserveDisk: async ({ lab, bytes }) => { await hosts.reserveDisk(lab, bytes); return {}; },
  removeSnapshot: async ({ snapshot }) => { await removeSnapshot(snapshot); return {}; },
  shareLayer: async ({ layer }) => { await shareLayer(hosts, layer); return {}; },
  unshareLayer: async ({ layer }) => { await unshareLayer(layer); return {}; },
  sharedLayers: async () => sharedLayers(),
  suspendLab: async ({ lab }) => { await hosts.suspend(lab); return {}; },
  freezeLab: async ({ lab, frozen }) => { await hosts.freeze(lab, frozen); return {}; },
  disposeLab: async ({ lab }) => { await hosts.dispose(lab); return {}; },
  listHosts: async () => hosts.list(),
  startTask: async ({ task, ...ref }) => { checkTask(task); await startTask(hosts, ref, task); return {}; },
  ownSocket: async ref => { hosts.ownSocket(ref); return {}; },
  listTasks: async ref => listTasks(ref),
  killTask: async ({ task, ...ref }) => { killTask(hosts, ref, task); return {}; },
  forgetTask: async ({ task, log: withLog, ...ref }) => { forgetTask(ref, task, withLog); return {}; },
  freeze: async ({ lab, host, cgroup, frozen }) => { hosts.running({ lab, host }); await hosts.cgroups.freeze(`${lab}/${host}/${safe(cgroup)}`, frozen); return {}; },
  cgroupFiles: async ({ lab, host, cgroup }) => { hosts.running({ lab, host }); return cgroupFiles(hosts.cgroups, `${lab}/${host}/${safe(cgroup)}`); },
  killCgroup: async ({ lab, host, cgroup }) => { hosts.running({ lab, host }); await hosts.cgroups.kill(`${lab}/${host}/${safe(cgroup)}`); return {}; },
  activity: async ({ hosts: refs }) => activity(hosts, refs),
  processes: async ({ lab, host, cgroup }) => processes(hosts, { lab, host }, cgroup === '' ? '' : safe(cgroup)),
  readFiles: async ({ files, ...ref }) => readFiles(hosts, ref, files),
  relay: async ref => ({ socketPath: await startRelay(hosts, ref) }),
  setEgress: async ({ wish, ...ref }) => gates.set(ref, wish),
  egress: async () => gates.settings(),
  figures: async ({ labs }) => Promise.all(labs.filter(lab => hosts.has(lab)).map(async lab => ({ lab, ...await hosts.figures(lab) }))),
  stat: async ({ lab }) => ({ ...hosts.usage(lab), diskBytes: await diskUsage(lab), limits: hosts.lab(lab).limits }),
};

const server = serveRpc(brokerVerbs, handlers, (error, verb) => log.error({ err: error, verb }, 'verb failed'), (verb, { ms, error }) => log.debug({ verb, ms, ...(error ? { error } : {}) }, error ? 'refused' : 'done'));
await listenAt(server, brokerSocket, 0o600, path => chownSync(path, hosts.engine.uid, hosts.engine.gid));
log.info({ instance, cgroup: hosts.cgroups.system.version, labs: hosts.list().length }, 'broker listens');

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => {
  server.close();
  if (hosts.list().length === 0) hosts.cgroups.removeTop();
  process.exit(0);
});

/** A reading of one file, as long as all is well. */
async function holdQuotas() {
  try {
    if (await keepQuotas()) log.warn('the kernel had lost count of the disks of labs: all is counted anew');
  } catch (error) {
    log.error({ err: error }, 'quotas of disks cannot be counted');
  }
}

/** `..` would leave the host's own part of the tree. */
function safe(cgroup: string): string {
  return cgroup.split('/').filter(part => part !== '.' && part !== '..').join('/') || 'docker';
}
