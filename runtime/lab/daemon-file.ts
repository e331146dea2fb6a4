// The text of /etc/docker/daemon.json, decoded: by dockerd's rules and in its words, for what dockerd would refuse; in ours for what a lab cannot
// have. Pure. The text is a learner's: bounded by who reads it (daemon.ts), decoded by zod.
// https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file
import { isIP } from 'node:net';
import { z } from 'zod';
import { goJsonProblem } from '../api/go-json.ts';
import { DAEMON_DEFAULTS, type DaemonConfig } from '../container/daemon-config.ts';
import { bytes, checkLog } from '../container/log-options.ts';
import { asSlipwayError, SlipwayError } from '../errors.ts';
import { parseBlock } from '../network/addresses.ts';

const strings = z.array(z.string());
const texts = z.record(z.string(), z.string());
const fileSchema = z.object({
  'log-driver': z.string(), 'log-opts': texts, 'default-shm-size': z.union([z.string(), z.number()]),
  'default-ulimits': z.record(z.string(), z.object({ Name: z.string().default(''), Soft: z.number().int().default(0), Hard: z.number().int().default(0) })),
  'default-ipc-mode': z.string(), 'default-cgroupns-mode': z.string(), dns: strings, 'dns-opts': strings, 'dns-search': strings, init: z.boolean(), 'no-new-privileges': z.boolean(),
  'insecure-registries': strings, 'registry-mirrors': strings, labels: strings, 'default-address-pools': z.array(z.object({ base: z.string().default(''), size: z.number().int().default(0) })),
  debug: z.boolean(), experimental: z.boolean(), 'live-restore': z.boolean(),
}).partial();
type File = z.output<typeof fileSchema>;

/** Known to dockerd, and without effect here: why. */
const OUTSIDE = 'the daemon of this host runs outside the lab';
const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['log-level', 'log-format', 'pidfile', 'exec-root', 'containerd', 'containerd-namespace', 'containerd-plugin-namespace', 'group', 'metrics-addr', 'oom-score-adjust', 'shutdown-timeout', 'raw-logs', 'max-concurrent-downloads', 'max-concurrent-uploads', 'max-download-attempts', 'builder', 'features', 'cdi-spec-dirs', 'init-path', 'cgroup-parent', 'host-gateway-ip', 'userland-proxy', 'userland-proxy-path', 'network-control-plane-mtu', 'network-diagnostic-port', 'node-generic-resources', 'swarm-default-advertise-addr', 'api-cors-header', 'authorization-plugins', 'seccomp-profile', 'selinux-enabled', 'default-network-opts', 'rootless', 'cpu-rt-period', 'cpu-rt-runtime'].map(key => [key, OUTSIDE])),
  ...Object.fromEntries(['http-proxy', 'https-proxy', 'no-proxy', 'proxies'].map(key => [key, 'a lab has no proxy to the outside'])),
  'allow-nondistributable-artifacts': 'layers of that kind do not occur here',
};
/** Known to dockerd, and refused: the host would not be what the file says. */
const NETWORK = 'the network bridge keeps its address, 172.17.0.1/16: docker network create makes others';
const REFUSED: Readonly<Record<string, string>> = {
  'data-root': 'images and containers of this host are at /var/lib/docker', 'storage-driver': 'the storage driver of this host is overlay2', 'storage-opts': 'the storage driver overlay2 has no options here',
  'exec-opts': 'the cgroup driver of this host is cgroupfs', runtimes: 'the runtime of this host cannot be replaced', 'default-runtime': 'the runtime of this host cannot be replaced',
  'userns-remap': 'this host is in a user namespace already', hosts: 'the daemon of this host listens on /var/run/docker.sock only',
  ...Object.fromEntries(['tls', 'tlsverify', 'tlscacert', 'tlscert', 'tlskey'].map(key => [key, 'the daemon of this host listens on /var/run/docker.sock only'])),
  ...Object.fromEntries(['bip', 'bridge', 'default-gateway', 'default-gateway-v6', 'fixed-cidr', 'fixed-cidr-v6', 'ip', 'ipv6', 'mtu', 'icc'].map(key => [key, NETWORK])),
  ...Object.fromEntries(['iptables', 'ip6tables', 'ip-forward', 'ip-masq'].map(key => [key, 'the rules of this host\'s networks are always there'])),
};
/** Whose value is an object of the learner's own keys; those of any other are taken for keys of the file, as dockerd does. */
const MAPS: ReadonlySet<string> = new Set(['log-opts', 'default-ulimits', 'features', 'runtimes', 'proxies', 'builder', 'default-network-opts']);
/** Where dockerd's own structure has it; the others are in CommonConfig. */
const IN: Readonly<Record<string, string>> = { 'log-driver': 'CommonConfig.LogConfig', 'log-opts': 'CommonConfig.LogConfig', 'insecure-registries': 'CommonConfig.ServiceOptions', 'registry-mirrors': 'CommonConfig.ServiceOptions', dns: 'CommonConfig.DNSConfig', 'dns-opts': 'CommonConfig.DNSConfig', 'dns-search': 'CommonConfig.DNSConfig' };
const GO_TYPE: Readonly<Record<string, string>> = { string: 'string', boolean: 'bool', array: '[]string', record: 'map[string]string', number: 'int', int: 'int64' };
const MERGED = 'merged configuration validation from file and command line flags failed: ';

export interface ReadFile { config: DaemonConfig; /** What of it has no effect here, a sentence each. */ notes: string[]; /** Its keys. */ keys: string[] }

/** Throws InvalidParameter with what dockerd would say. */
export function readDaemonFile(text: string, path: string): ReadFile {
  const refuse = (why: string) => new SlipwayError('InvalidParameter', `unable to configure the Docker daemon with file ${path}: ${why}`);
  const json = parse(text, refuse);
  const keys = Object.keys(json);
  const unknown = keys.flatMap(key => keysIn(key, json[key])).filter(key => !(key in fileSchema.shape) && !(key in WITHOUT_EFFECT) && !(key in REFUSED));
  if (unknown.length) throw refuse(`the following directives don't match any configuration option: ${unknown.join(', ')}`);
  const present = Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null)); // null is Go's "not given"
  const parsed = fileSchema.safeParse(present);
  if (!parsed.success) throw refuse(mismatch(parsed.error.issues[0]!, present));
  for (const key of keys) if (key in REFUSED && present[key] !== undefined && present[key] !== false) throw refuse(`${key}: ${REFUSED[key]}`);
  return {
    config: configOf(parsed.data, refuse), keys,
    notes: [
      ...keys.flatMap(key => (WITHOUT_EFFECT[key] === undefined ? [] : [`${key} has no effect: ${WITHOUT_EFFECT[key]}`])),
      ...(parsed.data['registry-mirrors']?.length ? ['registry-mirrors has no effect but on docker info: images of Docker Hub come from this machine\'s library'] : []),
    ],
  };
}

function parse(text: string, refuse: (why: string) => SlipwayError): Record<string, unknown> {
  if (text.trim() === '') return {};
  const problem = goJsonProblem(text, 'unmarshal');
  if (problem !== null) throw refuse(problem);
  const value: unknown = JSON.parse(text);
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw refuse(`json: cannot unmarshal ${jsonType(value)} into Go value of type map[string]interface {}`);
  return value as Record<string, unknown>;
}

const keysIn = (key: string, value: unknown): string[] => (typeof value === 'object' && value !== null && !Array.isArray(value) && !MAPS.has(key) ? Object.keys(value) : [key]);

function mismatch(issue: z.core.$ZodIssue, file: Record<string, unknown>): string {
  const key = String(issue.path[0]);
  const found = issue.path.reduce<unknown>((at, part) => (at as Record<PropertyKey, unknown> | undefined)?.[part], file);
  const wanted = issue.code === 'invalid_type' ? issue.expected : 'string';
  return `json: cannot unmarshal ${jsonType(found)} into Go struct field Config.${IN[key] ?? 'CommonConfig'}.${key} of type ${GO_TYPE[wanted] ?? wanted}`;
}
const jsonType = (value: unknown) => (Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value);

function configOf(file: File, refuse: (why: string) => SlipwayError): DaemonConfig {
  const size = file['default-shm-size'];
  const shmBytes = size === undefined ? DAEMON_DEFAULTS.shmBytes : bytes(String(size), 1024);
  if (typeof size === 'number') throw refuse(`invalid size: "${size}"`);
  if (shmBytes === null) throw refuse(`invalid size: '${size}'`);
  for (const address of file.dns ?? []) if (!isIP(address.trim())) throw refuse(`invalid IP address: ${address}`);
  for (const domain of file['dns-search'] ?? []) if (!/^\.$|^[\w-]+(\.[\w-]+)*\.?$/.test(domain.trim())) throw refuse(`${MERGED}${domain} is not a valid domain`);
  for (const label of file.labels ?? []) if (!label.includes('=')) throw refuse(`${MERGED}bad attribute format: ${label}`);
  conflicting(file.labels ?? []);
  const ipcMode = file['default-ipc-mode'] ?? DAEMON_DEFAULTS.ipcMode;
  if (ipcMode !== 'private' && ipcMode !== 'shareable') throw refuse(`${MERGED}default IPC mode setting (${ipcMode}) is invalid; use "shareable" or "private"`);
  const cgroupnsMode = file['default-cgroupns-mode'] ?? '';
  if (!['', 'host', 'private'].includes(cgroupnsMode)) throw refuse(`${MERGED}default cgroup namespace mode (${cgroupnsMode}) is invalid; use "host" or "private"`);
  for (const { base, size: prefix } of file['default-address-pools'] ?? []) {
    const block = parseBlock(base);
    if (!block) throw refuse(`default-address-pools: invalid base pool "${base}": invalid CIDR address: ${base}`);
    if (block.version !== 4 || prefix < block.prefix || prefix > 30) throw refuse(`default-address-pools: the size ${prefix} does not fit ${base}: it is the prefix of each network, as in {"base": "10.10.0.0/16", "size": 24}`);
  }
  const logDriver = file['log-driver'] || DAEMON_DEFAULTS.logDriver;
  const logOptions = file['log-opts'] ?? {};
  try {
    checkLog({ Type: logDriver, Config: logOptions });
  } catch (error) {
    throw refuse(`failed to set log opts: ${asSlipwayError(error).message}`);
  }
  return {
    logDriver, logOptions, shmBytes: shmBytes || DAEMON_DEFAULTS.shmBytes,
    ulimits: Object.entries(file['default-ulimits'] ?? {}).map(([name, limit]) => ({ ...limit, Name: limit.Name || name })),
    ipcMode, cgroupnsMode, dns: (file.dns ?? []).map(address => address.trim()), dnsOptions: file['dns-opts'] ?? [], dnsSearch: (file['dns-search'] ?? []).map(domain => domain.trim()),
    init: file.init ?? false, noNewPrivileges: file['no-new-privileges'] ?? false,
    insecureRegistries: (file['insecure-registries'] ?? []).map(entry => entry.replace(/^https?:\/\//, '')), mirrors: (file['registry-mirrors'] ?? []).map(mirror => (mirror.endsWith('/') ? mirror : `${mirror}/`)),
    labels: file.labels ?? [], addressPools: file['default-address-pools'] ?? [], debug: file.debug ?? false, experimental: file.experimental ?? false, liveRestore: file['live-restore'] ?? false,
  };
}

/** The one complaint that dockerd makes without naming the file. */
function conflicting(labels: readonly string[]) {
  const seen = new Map<string, string>();
  for (const label of labels) {
    const key = label.slice(0, label.indexOf('='));
    const other = seen.get(key);
    if (other !== undefined && other !== label) throw new SlipwayError('InvalidParameter', `conflict labels for ${label} and ${other}`);
    seen.set(key, label);
  }
}
