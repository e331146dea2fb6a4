// Routes about the engine itself: ping, version, info, disk usage, login. What `docker version` and `docker info` print comes from here;
// it says what is true of the host of a lab: its name, its limits, its kernel.
import { createHash } from 'node:crypto';
import { arch, release } from 'node:os';
import { z } from 'zod';
import type { DaemonConfig } from '../container/daemon-config.ts';
import type { Call } from './call.ts';
import { diskUsage } from './disk-usage.ts';
import type { Reply } from './route.ts';
import { route } from './route.ts';
import { API_VERSION, BUILDER_VERSION, ENGINE_VERSION, MIN_API_VERSION } from './version.ts';

const ARCHITECTURE = { x64: 'amd64', arm64: 'arm64' }[arch() as 'x64' | 'arm64'] ?? arch();
const MACHINE = { x64: 'x86_64', arm64: 'aarch64' }[arch() as 'x64' | 'arm64'] ?? arch();
/** The release that the hosts' root file system is made of. */
const OPERATING_SYSTEM = 'Debian GNU/Linux 13 (trixie)';
const RUNTIME = 'crun';

const noCache = { 'Cache-Control': 'no-cache, no-store, must-revalidate', 'Pragma': 'no-cache', 'Builder-Version': BUILDER_VERSION, 'Swarm': 'inactive' };

function ping(call: Call, body: string): Reply {
  call.answer(200, { ...noCache, 'Content-Type': 'text/plain; charset=utf-8' }, body);
  return null;
}

export const systemRoutes = [
  route('GET', '/_ping', { quiet: true, handle: call => ping(call, 'OK') }),
  route('HEAD', '/_ping', { quiet: true, handle: call => ping(call, '') }),

  route('GET', '/version', {
    handle: () => ({
      status: 200,
      json: {
        Platform: { Name: 'Slipway' },
        Components: [{
          Name: 'Engine', Version: ENGINE_VERSION,
          Details: { ApiVersion: API_VERSION, Arch: ARCHITECTURE, Experimental: 'false', KernelVersion: release(), MinAPIVersion: MIN_API_VERSION, Os: 'linux', GitCommit: '', GoVersion: `none (Node.js ${process.version})`, BuildTime: '' },
        }],
        Version: ENGINE_VERSION, ApiVersion: API_VERSION, MinAPIVersion: MIN_API_VERSION, GitCommit: '', GoVersion: `none (Node.js ${process.version})`,
        Os: 'linux', Arch: ARCHITECTURE, KernelVersion: release(), BuildTime: '',
      },
    }),
  }),

  route('GET', '/info', { handle: call => ({ status: 200, json: info(call) }) }),

  route('GET', '/system/df', {
    query: z.object({}),
    handle: async call => ({ status: 200, json: await diskUsage(call.api, call.queryAll('type')) }),
  }),
];

function info({ api }: Call): Record<string, unknown> {
  const { host } = api;
  const { config } = host.daemon;
  const count = (...wanted: string[]) => [...host.containers.values()].filter(c => wanted.includes(c.record.state.status)).length;
  const running = count('running', 'restarting');
  const paused = count('paused');
  return {
    ID: hostId(`${host.ref.lab}/${host.ref.host}`),
    Containers: host.containers.size, ContainersRunning: running, ContainersPaused: paused, ContainersStopped: host.containers.size - running - paused,
    Images: api.images.all().length,
    Driver: 'overlay2',
    DriverStatus: [['Backing Filesystem', 'btrfs'], ['Supports d_type', 'true'], ['Using metacopy', 'false'], ['Native Overlay Diff', 'false'], ['userxattr', 'true']],
    Plugins: { Volume: ['local'], Network: ['bridge', 'host', 'null'], Authorization: null, Log: ['json-file', 'local'] },
    MemoryLimit: true, SwapLimit: true, KernelMemoryTCP: host.cgroupVersion === 'v1', CpuCfsPeriod: true, CpuCfsQuota: true, CPUShares: true, CPUSet: true, PidsLimit: true,
    IPv4Forwarding: true, BridgeNfIptables: true, BridgeNfIp6tables: true,
    Debug: config.debug, NFd: 0, OomKillDisable: host.cgroupVersion === 'v1', NGoroutines: 0, SystemTime: new Date().toISOString(),
    LoggingDriver: config.logDriver, CgroupDriver: 'cgroupfs', CgroupVersion: host.cgroupVersion === 'v2' ? '2' : '1', NEventsListener: 0,
    KernelVersion: release(), OperatingSystem: OPERATING_SYSTEM, OSVersion: '13', OSType: 'linux', Architecture: MACHINE,
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: { AllowNondistributableArtifactsCIDRs: null, AllowNondistributableArtifactsHostnames: null, InsecureRegistryCIDRs: [...config.insecureRegistries.filter(isBlock), '127.0.0.0/8'], IndexConfigs: indexes(config), Mirrors: config.mirrors.length ? config.mirrors : null },
    NCPU: Math.max(1, Math.ceil(host.limits.cpus)), MemTotal: host.limits.memoryBytes, GenericResources: null,
    DockerRootDir: '/var/lib/docker', HttpProxy: '', HttpsProxy: '', NoProxy: '', Name: host.hostname, Labels: config.labels, ExperimentalBuild: config.experimental, ServerVersion: ENGINE_VERSION,
    // Containers name their runtime runc, Docker's default; what answers to that name is crun.
    Runtimes: { runc: { path: RUNTIME } }, DefaultRuntime: 'runc',
    Swarm: { NodeID: '', NodeAddr: '', LocalNodeState: 'inactive', ControlAvailable: false, Error: '', RemoteManagers: null },
    LiveRestoreEnabled: config.liveRestore, Isolation: '', InitBinary: 'docker-init',
    ContainerdCommit: { ID: 'not used', Expected: 'not used' }, RuncCommit: { ID: RUNTIME, Expected: RUNTIME }, InitCommit: { ID: 'not used', Expected: 'not used' },
    SecurityOptions: ['name=seccomp,profile=builtin', 'name=userns', ...(config.noNewPrivileges ? ['name=no-new-privileges'] : [])],
    ...(config.addressPools.length ? { DefaultAddressPools: config.addressPools.map(({ base, size }) => ({ Base: base, Size: size })) } : {}),
    CDISpecDirs: [], Warnings: null,
  };
}

const isBlock = (registry: string) => registry.includes('/');
const indexes = ({ insecureRegistries, mirrors }: DaemonConfig) => ({
  'docker.io': { Name: 'docker.io', Mirrors: mirrors, Secure: true, Official: true },
  ...Object.fromEntries(insecureRegistries.filter(name => !isBlock(name)).map(name => [name, { Name: name, Mirrors: [], Secure: false, Official: false }])),
});

/** A stable id in the form of a UUID. */
function hostId(of: string): string {
  const hex = createHash('sha256').update(of).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}
