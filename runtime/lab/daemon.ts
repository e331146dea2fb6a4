// The configuration of a host's daemon: read from the lab's /etc/docker/daemon.json when the host boots and when it is told to (restart, reload), kept
// beside the host's records, so that a restart of the engine, of which no learner knows, changes nothing. A file that dockerd would not start with
// changes nothing either: the daemon of a lab goes on with what it had. Made by open-host.ts; asked by api/daemon.ts and labs.ts.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DAEMON_DEFAULTS, type DaemonConfig } from '../container/daemon-config.ts';
import type { Host } from '../container/model.ts';
import { hostDir, writeJson } from '../container/records.ts';
import { asSlipwayError, SlipwayError } from '../errors.ts';
import type { HostRef } from '../kernel/protocol.ts';
import { parseLine } from '../observe/files.ts';
import { readDaemonFile, type ReadFile } from './daemon-file.ts';
import { startByPolicy, stopContainers } from './sleep.ts';

export const DAEMON_FILE = '/etc/docker/daemon.json';
export const MAX_DAEMON_FILE = 32 << 10; // bytes
/** What dockerd takes on without a restart: https://docs.docker.com/reference/cli/dockerd/#configuration-reload-behavior */
const RELOADED = { debug: 'debug', labels: 'labels', 'live-restore': 'liveRestore', 'insecure-registries': 'insecureRegistries', 'registry-mirrors': 'mirrors' } as const;

export interface Daemon {
  /** In effect now. */
  readonly config: DaemonConfig;
  /** The host has booted. Never throws: what cannot be read or used leaves what was. */
  boot(): Promise<void>;
  /** As SIGHUP to dockerd. Answers sentences for who asked; throws InvalidParameter with dockerd's words. */
  reload(): Promise<string[]>;
  /** As `systemctl restart docker`: containers stop, unless live-restore was on, and their policies start them again. */
  restart(): Promise<string[]>;
  /** Resolves when no restart is under way: the host may be shut down then. */
  settled(): Promise<void>;
  /** As `dockerd --validate`. */
  validate(text: string, path: string): string[];
}

export function openDaemon(ref: HostRef, host: () => Host): Daemon {
  const file = join(hostDir(ref), 'daemon.json');
  let config = existsSync(file) ? { ...DAEMON_DEFAULTS, ...JSON.parse(readFileSync(file, 'utf8')) as Partial<DaemonConfig> } : DAEMON_DEFAULTS;
  const take = (next: DaemonConfig) => {
    config = next;
    writeJson(file, config);
  };
  const announce = () => host().events.emit('daemon', 'reload', `${ref.lab}-${ref.host}`, { name: host().hostname, debug: String(config.debug), labels: JSON.stringify(config.labels), 'live-restore': String(config.liveRestore), 'insecure-registries': JSON.stringify(config.insecureRegistries), 'registry-mirrors': JSON.stringify(config.mirrors) });
  let restarting: Promise<string[]> | undefined;
  return {
    get config() { return config; },
    async boot() {
      try {
        take((await readHostFile(host())).config);
      } catch (error) {
        if (asSlipwayError(error).kind !== 'InvalidParameter') host().onError(error);
      }
    },
    async reload() {
      const read = await readHostFile(host());
      const next = Object.fromEntries(Object.values(RELOADED).map(name => [name, read.config[name]]));
      take({ ...config, ...next });
      announce();
      const later = read.keys.filter(key => !(key in RELOADED) && !read.notes.some(note => note.startsWith(`${key} `)));
      return [...words(read, key => key in RELOADED), ...(later.length ? [`${later.join(', ')}: in effect after a restart: systemctl restart docker`] : [])];
    },
    restart: () => (restarting ??= restart().finally(() => { restarting = undefined; })),
    settled: async () => { await restarting?.catch(() => []); },
    validate: (text, path) => ['configuration OK', ...readDaemonFile(text, path).notes],
  };

  async function restart() {
    const read = await readHostFile(host());
    const goOn = config.liveRestore;
    if (!goOn) await stopContainers(host());
    take(read.config);
    if (!goOn && !host().closing.signal.aborted) {
      for (const { live } of host().containers.values()) live.heldDown = false;
      startByPolicy(host());
    }
    return words(read, () => true);
  }
}

const words = ({ keys, notes }: ReadFile, inEffect: (key: string) => boolean): string[] => {
  const real = keys.filter(key => inEffect(key) && !notes.some(note => note.startsWith(`${key} `)));
  return [...(real.length ? [`in effect: ${real.join(', ')}`] : []), ...notes];
};

/** Without the file everything is as Docker has it. */
async function readHostFile(host: Host): Promise<ReadFile> {
  const line = await host.broker.call('readFiles', { ...host.ref, files: [{ pid: 0, path: DAEMON_FILE, maxBytes: MAX_DAEMON_FILE }] });
  const found = parseLine(line.split('\n')[0] ?? '?', MAX_DAEMON_FILE);
  if (found.kind === 'none') return readDaemonFile('', DAEMON_FILE);
  if (found.kind !== 'file' || found.text === null) throw new SlipwayError('InvalidParameter', `unable to configure the Docker daemon with file ${DAEMON_FILE}: it cannot be read`);
  if (found.sizeBytes > MAX_DAEMON_FILE) throw new SlipwayError('InvalidParameter', `unable to configure the Docker daemon with file ${DAEMON_FILE}: it may have ${MAX_DAEMON_FILE} bytes`);
  return readDaemonFile(found.text, DAEMON_FILE);
}
