// POST /containers/create: decide everything that can be decided now and record it. Nothing is made in the host yet; start.ts does that.
import { asSlipwayError, SlipwayError } from '../errors.ts';
import { capabilitiesFor } from '../oci/capabilities.ts';
import { MASKED_PATHS, READONLY_PATHS } from '../oci/masked.ts';
import { seccompFor } from '../oci/security-options.ts';
import { wantedPorts } from '../network/port-bindings.ts';
import { namedLinks } from './links.ts';
import { checkNetworkMode, isShared, wantedEndpoints } from './create-endpoints.ts';
import type { ContainerConfig, CreateBody, HostConfig } from './config.ts';
import { checkOptions } from './check-options.ts';
import { createdWith } from './daemon-config.ts';
import { containerOf } from './live.ts';
import { mergeConfig } from './merge-config.ts';
import { mountPoints, PROPAGATIONS } from './mount-points.ts';
import { runHelper } from './helper.ts';
import { generateName, reserveName, newContainerId } from './names.ts';
import { shortId } from './paths.ts';
import { CONTAINER_ROOM, takeRoom } from '../record-room.ts';
import { saveContainer } from './records.ts';
import { resolve } from './resolve.ts';
import { stopSignalNumber } from './signals.ts';
import { emit } from './state.ts';
import { timestamp } from './time.ts';
import type { ContainerRecord, Host } from './model.ts';

export async function create(host: Host, request: { name: string | null; platform: string; body: CreateBody }): Promise<{ id: string; warnings: string[] }> {
  const { HostConfig: askedHostConfig, NetworkingConfig, MacAddress, ...askedConfig } = request.body;
  const id = newContainerId();
  if (request.name) checkName(request.name);
  const image = await host.images.resolve(askedConfig.Image);
  const hostConfig = completeHostConfig(host, askedHostConfig);
  const config = mergeConfig(askedConfig, image.config);
  for (const mode of [hostConfig.PidMode, hostConfig.IpcMode]) checkOther(host, mode);
  const endpoints = wantedEndpoints(host, hostConfig, NetworkingConfig?.EndpointsConfig ?? {}, MacAddress ?? '');
  checkNetworkMode(host, config, hostConfig);
  if (MacAddress) config.MacAddress = MacAddress;
  config.Hostname ||= hostConfig.NetworkMode === 'host' || hostConfig.UTSMode === 'host' ? host.hostname : shortId(id);
  const command = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  check(config, hostConfig, command);
  const warnings = checkOptions(host, config, hostConfig);
  await checkBindSources(host, hostConfig);
  const name = request.name ? reserveName(host, request.name, id) : generateName(host, id);
  try {
    if (!isShared(hostConfig.NetworkMode)) hostConfig.Links = hostConfig.NetworkMode === 'bridge' ? namedLinks(host, hostConfig.Links, name) : null; // elsewhere they are the endpoint's
    const record: ContainerRecord = {
      id, name, created: timestamp(), imageId: image.id, layers: image.layers, path: command[0]!, args: command.slice(1), config, hostConfig,
      endpoints, mounts: mountPoints(host, config, hostConfig),
      state: { status: 'created', exitCode: 0, error: '' }, restartCount: 0, hasBeenStarted: false, stoppedByUser: false, ...(host.ofBuild ? { ofBuild: true } : {}),
    };
    const container = containerOf(record);
    takeRoom(CONTAINER_ROOM, 'container', host.containers, container, one => one.record);
    saveContainer(host, record);
    host.containers.set(id, container);
    emit(host, container, 'create');
  } catch (error) {
    host.names.delete(name);
    throw error;
  }
  return { id, warnings };
}

function checkName(name: string) {
  if (!/^\/?[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) throw new SlipwayError('InvalidParameter', `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
}

/** What dockerd fills in, and shows in inspect. */
function completeHostConfig(host: Host, asked: HostConfig): HostConfig {
  return {
    ...asked,
    ...createdWith(host.daemon.config, asked),
    NetworkMode: networkMode(host, asked.NetworkMode),
    CgroupnsMode: asked.CgroupnsMode || host.daemon.config.cgroupnsMode || (host.cgroupVersion === 'v2' ? 'private' : 'host'),
    MemorySwap: asked.Memory > 0 && asked.MemorySwap === 0 ? asked.Memory * 2 : asked.MemorySwap,
    MaskedPaths: asked.Privileged ? asked.MaskedPaths : (asked.MaskedPaths ?? MASKED_PATHS),
    ReadonlyPaths: asked.Privileged ? asked.ReadonlyPaths : (asked.ReadonlyPaths ?? READONLY_PATHS),
  };
}

/** Another container by its id, when it is there; when not, the start says so. */
function networkMode(host: Host, mode: string): string {
  if (!mode.startsWith('container:')) return mode;
  const ref = mode.slice('container:'.length);
  try {
    return `container:${resolve(host, ref).record.id}`;
  } catch (error) {
    if (asSlipwayError(error).kind === 'NotFound') return mode;
    throw error;
  }
}

/** Whose namespace is to be shared. Not NotFound: for a client that would mean the image. */
function checkOther(host: Host, mode: string) {
  if (!mode.startsWith('container:')) return;
  try {
    resolve(host, mode.slice('container:'.length));
  } catch (error) {
    throw new SlipwayError('InvalidParameter', asSlipwayError(error).message, { cause: error });
  }
}

function check(config: ContainerConfig, hostConfig: HostConfig, command: string[]) {
  const invalid = (message: string) => { throw new SlipwayError('InvalidParameter', message); };
  if (command.length === 0) invalid('no command specified');
  if (config.WorkingDir && !config.WorkingDir.startsWith('/')) invalid(`the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`);
  for (const entry of config.Env ?? []) if (entry === '' || entry.startsWith('=')) invalid(`invalid environment variable: ${entry}`);
  if (config.StopSignal) stopSignalNumber(config.StopSignal);
  capabilitiesFor(hostConfig.CapAdd, hostConfig.CapDrop, hostConfig.Privileged);
  seccompFor(hostConfig, []);
  wantedPorts(config, hostConfig);
}

/** --mount wants its source to exist (-v makes it). Looked at inside the lab. */
async function checkBindSources(host: Host, hostConfig: HostConfig) {
  const sources = (hostConfig.Mounts ?? []).filter(m => m.Type === 'bind' && PROPAGATIONS.includes(m.BindOptions?.Propagation || 'rprivate') && m.Source.startsWith('/') && m.Target.startsWith('/') && !m.BindOptions?.CreateMountpoint).map(m => m.Source);
  if (sources.length === 0) return;
  const { stdout } = await runHelper(host, { argv: ['busybox', 'sh', '-c', 'i=0; for s in "$@"; do [ -e "$s" ] || [ -L "$s" ] || echo $i; i=$((i+1)); done', 'sh', ...sources] });
  const missing = /^\d+/.exec(stdout)?.[0];
  if (missing !== undefined) throw new SlipwayError('InvalidParameter', `invalid mount config for type "bind": bind source path does not exist: ${sources[Number(missing)]}`);
}
