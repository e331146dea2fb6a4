// Where things lie. Every process gets the same roots from its environment, so that tests run beside an installed Slipway.
import { join } from 'node:path';

/** This installation's name in cgroups, disks and uid records, so that several (tests) can live on one machine. */
export const instance = process.env.SLIPWAY_INSTANCE ?? 'main';
/** What set-up builds and all instances share: disk pool, image library, toolbox. Must not lie on overlayfs. */
export const assetsDir = process.env.SLIPWAY_ASSETS ?? '/var/lib/slipway';
/** Records, logs and the database of this instance; kept across restarts. */
export const stateDir = process.env.SLIPWAY_STATE ?? '/var/lib/slipway';
/** Sockets; gone after a reboot. Unix socket paths are limited to 107 bytes, so keep it short. */
export const runDir = process.env.SLIPWAY_RUN ?? '/run/slipway';

/** The checkout as this process sees it (the service users see it at <run>/app): dist/, lessons/, node_modules/ are below it. */
export const appDir = process.env.SLIPWAY_APP ?? process.cwd();
/** What the native part was built to (`enter` and `hold`). */
export const nativeProgram = join(appDir, 'dist', 'slipway-native');
/** The supervisor's account of itself: pid, address, processes. Readable by everybody, removed at a clean stop. */
export const statusFile = join(runDir, 'status.json');

/** Lessons that are being written, put here by `slipway lesson preview` for as long as it runs. */
export const previewsDir = join(runDir, 'previews');

export const brokerSocket = join(runDir, 'broker.sock');
/** In a directory of the engine's own: what root makes in runDir cannot be replaced by the engine. */
export const engineSocket = join(runDir, 'engine', 'engine.sock');
/** The Docker API's socket of a host; its directory is bound read-only into the host at /run/slipway. */
export const dockerSocket = (lab: string, host: string) => join(runDir, 'labs', lab, host, 'api', 'docker.sock');
export const taskSocket = (lab: string, host: string, task: string) => join(runDir, 'labs', lab, host, 'tasks', `${task}.sock`);
/** The relay into a host's network (native/relay.c). */
export const relaySocket = (lab: string, host: string) => join(runDir, 'labs', lab, host, 'relay.sock');
/** Questions for names that came through a host's gate (broker/egress), as dnsmasq writes them down; the engine reads and empties it. */
export const askedNames = (lab: string, host: string) => join(runDir, 'labs', lab, host, 'asked');
/** What the operator lets out of labs. */
export const egressFile = join(stateDir, 'egress.json');
/** Lines of JSON by the shim: {"event":"started","pid":N,"time":ISO} … {"event":"exited","code":N,"time":ISO} or {"event":"failed","message":…}, and before the end {"event":"note","name":…,"text":…}. */
export const taskStatus = (lab: string, host: string, task: string) => join(labRecordsDir, lab, 'tasks', host, `${task}.status`);
/** json-file log of a container; the directory <lab>/logs/<host> is bound read-only into the host at /var/lib/docker/containers. */
export const containerLog = (lab: string, host: string, log: string) => join(labRecordsDir, lab, 'logs', host, log, `${log}-json.log`);

/** The operator's image library: an OCI image layout (https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md). */
export const libraryDir = join(assetsDir, 'library');
/** The btrfs pool: labs' subvolumes and unpacked layers. */
export const poolDir = join(assetsDir, 'pool');
export const labDisksDir = join(poolDir, 'labs', instance);
/** What is written down about each lab while it runs (logs, ends of tasks), under a quota of its own: readable by the engine, never by other labs. */
export const labRecordsDir = join(poolDir, 'records', instance);
/** One directory for each uid range in use, named by its number, holding the instance and lab it belongs to. */
export const uidRangesDir = join(poolDir, 'uids');
/** Unpacked library layers, each `<layerKey>/` an overlay lower directory; hosts see it at hostLayersDir. */
export const layersDir = join(poolDir, 'store', 'layers');
export const hostLayersDir = '/var/lib/docker/layers';
/** Layers of allowed upstreams, each a read-only subvolume that was the disk of the lab which unpacked it (broker/shared-layers.ts). Below layersDir, so that running labs see new ones. */
export const upstreamLayersDir = join(layersDir, 'up', instance);
/** The workstation's root file system, unpacked, below a directory named after its content. */
export const workstationDir = join(poolDir, 'workstation');
/** Host-provided programs with their own loader and libraries, seen in hosts at hostToolboxDir (interpreters and rpaths point there). */
export const toolboxDir = join(assetsDir, 'toolbox');
export const hostToolboxDir = '/.slipway/toolbox';
/** The engine's own records, below a directory that only it can read. */
export const engineDir = join(stateDir, 'engine');
/** What the mirror has fetched from upstreams, as it came; readable by it alone. */
export const mirrorDir = join(stateDir, 'mirror');
export const mirrorSocket = join(runDir, 'mirror', 'mirror.sock');
/** The operator's settings about upstream registries; without it there are none. */
export const upstreamsFile = process.env.SLIPWAY_UPSTREAMS ?? '';
/** The distribution server's program, configuration and storage (hard links into the library), made by set-up. */
export const registryDir = join(assetsDir, 'registry');
export const registrySocket = join(runDir, 'registry', 'registry.sock');
/** The web process's database and secret. */
export const webDir = join(stateDir, 'web');

/** The name of an unpacked layer's directory: enough of its chain id to be unique, short enough for overlay's one page of options. */
export const layerKey = (chainId: string) => chainId.replace(/^sha256:/, '').slice(0, 24);
