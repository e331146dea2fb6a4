// What becomes of each option of `docker run` and `docker create` here. The documentation and a test read it: the test compares it with the
// client's own --help and tries every row, so nothing can be accepted and ignored in silence. What is refused or warned of is said by
// check-options.ts, in these words.

/**
 * real: has the effect it has with Docker. client: the docker client's own business, no word of it reaches the engine.
 * refused: create fails, and `says` is in the error. warned: create succeeds, and `says` is among its warnings.
 * in part: real, but for what `says` names, which is refused or warned of.
 */
export type Support = { is: 'real' | 'client' } | { is: 'refused' | 'warned' | 'in part'; says: string };

const real: Support = { is: 'real' };
const client: Support = { is: 'client' };
const refused = (says: string): Support => ({ is: 'refused', says });
const warned = (says: string): Support => ({ is: 'warned', says });
const inPart = (says: string): Support => ({ is: 'in part', says });

export const SAYS = {
  blockDevice: 'a lab has no block device of its own whose rate could be limited: all labs share one disk',
  blkioWeight: 'Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.',
  cgroupParent: 'the cgroup init holds the lab\'s own processes, so it can be no --cgroup-parent',
  allCapabilities: 'Capabilities that act on the whole machine cannot be had in a lab, so --cap-add ALL is without them: ',
  realtime: 'a lab has no real-time CPU time to give: it would be taken from the other labs',
  deviceRule: 'Device cgroup rules have no effect: in a lab no device can be made, only those named with --device are there',
  devicePermissions: 'The permissions of a device have no effect: in a lab a device can be used as its file mode says',
  gpu: 'could not select device driver "" with capabilities: [[gpu]]: a lab has no GPU',
  kernelMemory: 'Specifying a kernel memory limit is deprecated and has no effect.',
  logRotation: 'A lab keeps at most 128 MB of a container\'s log, in up to 16 files, and compresses none of them.',
  logDriver: 'sends its output to a service that a lab does not have: use json-file, local or none',
  oomScore: 'a lab cannot protect a process from the OOM killer, so --oom-score-adj has to be 0 or more',
  storageOpt: '--storage-opt is supported only for overlay over xfs with \'pquota\' mount option',
  mandatoryAccess: 'has no effect: labs have neither AppArmor nor SELinux',
  capability: 'cannot be had in a lab: it acts on the whole machine',
  swappiness: 'Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.',
  oomKillDisable: 'Your kernel does not support OomKillDisable. OomKillDisable discarded.',
} as const;

export const RUN_OPTIONS: Readonly<Record<string, Support>> = {
  'add-host': real, annotation: real, attach: client,
  'blkio-weight': warned(SAYS.blkioWeight), 'blkio-weight-device': refused(SAYS.blockDevice),
  'cap-add': inPart(SAYS.capability), 'cap-drop': real,
  'cgroup-parent': inPart(SAYS.cgroupParent), cgroupns: real, cidfile: client,
  'cpu-count': client, 'cpu-percent': client, // Windows only: the client refuses them
  'cpu-period': real, 'cpu-quota': real, 'cpu-rt-period': refused(SAYS.realtime), 'cpu-rt-runtime': refused(SAYS.realtime), 'cpu-shares': real, cpus: real,
  'cpuset-cpus': real, 'cpuset-mems': real,
  detach: client, 'detach-keys': real, device: inPart(SAYS.devicePermissions), 'device-cgroup-rule': warned(SAYS.deviceRule),
  'device-read-bps': refused(SAYS.blockDevice), 'device-read-iops': refused(SAYS.blockDevice), 'device-write-bps': refused(SAYS.blockDevice), 'device-write-iops': refused(SAYS.blockDevice),
  'disable-content-trust': client, dns: real, 'dns-option': real, 'dns-search': real, domainname: real,
  entrypoint: real, env: real, 'env-file': client, expose: real, gpus: refused(SAYS.gpu), 'group-add': real,
  'health-cmd': real, 'health-interval': real, 'health-retries': real, 'health-start-interval': real, 'health-start-period': real, 'health-timeout': real,
  help: client, hostname: real, init: real, interactive: real,
  'io-maxbandwidth': client, 'io-maxiops': client,
  ip: real, ip6: real, ipc: real, isolation: real, 'kernel-memory': warned(SAYS.kernelMemory), label: real, 'label-file': client, link: real, 'link-local-ip': real,
  'log-driver': inPart(SAYS.logDriver), 'log-opt': inPart(SAYS.logRotation), 'mac-address': real,
  memory: real, 'memory-reservation': real, 'memory-swap': real, 'memory-swappiness': inPart(SAYS.swappiness),
  mount: real, name: real, network: real, 'network-alias': real, 'no-healthcheck': real,
  'oom-kill-disable': inPart(SAYS.oomKillDisable), 'oom-score-adj': inPart(SAYS.oomScore),
  pid: real, 'pids-limit': real, platform: real, privileged: real, publish: real, 'publish-all': real, pull: client, quiet: client,
  'read-only': real, restart: real, rm: real, runtime: real, 'security-opt': inPart(SAYS.mandatoryAccess), 'shm-size': real, 'sig-proxy': client,
  'stop-signal': real, 'stop-timeout': real, 'storage-opt': refused(SAYS.storageOpt), sysctl: real, tmpfs: real, tty: real, ulimit: real, 'use-api-socket': client, user: real, userns: real, uts: real,
  volume: real, 'volume-driver': real, 'volumes-from': real, workdir: real,
};
