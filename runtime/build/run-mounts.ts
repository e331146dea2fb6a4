// Makes what RUN --mount asks for inside the lab, for the length of one step, as mounts that a container is given. Called by solver-steps.ts.
// Everything is done by helpers in the lab; what is mounted lies below scratch places that the release takes away.
import { createHash } from 'node:crypto';
import { SlipwayError } from '../errors.ts';
import { hostConfigSchema, type HostConfig } from '../container/config.ts';
import type { Step } from '../kernel/protocol.ts';
import { runScript, type Place } from '../kernel/stream.ts';
import { lowerOf } from '../snapshot/layer-path.ts';
import { newScratch } from '../snapshot/layers.ts';
import { script } from '../snapshot/scripts.ts';
import type { Source } from './copy.ts';
import type { Heredoc } from './heredocs.ts';
import type { RunMount } from './mounts.ts';

export const cacheMountsDir = '/var/lib/docker/buildkit/cache';
/** In memory: secrets are never on the disk. */
export const secretsDir = '/run/docker/build';
const MS_NODEV = 4;

export interface PreparedMounts { mounts: NonNullable<HostConfig['Mounts']>; tmpfs: Record<string, string>; release(): Promise<void> }
export interface MountParts {
  host: Place;
  source(from: string): Promise<Source>;
  /** Null when there is none of this name. */
  secret(id: string): Promise<Uint8Array | null>;
  cacheMounts: CacheMounts;
}

export async function prepareMounts(parts: MountParts, wanted: readonly RunMount[], scripts: readonly Heredoc[]): Promise<PreparedMounts> {
  const { host } = parts;
  const prepared: PreparedMounts['mounts'] = [];
  const tmpfs: Record<string, string> = {};
  const releases: (() => Promise<void> | void)[] = [];
  const release = async () => {
    for (const undo of releases.reverse().splice(0)) await undo();
  };
  const bind = (source: string, target: string, readOnly: boolean) => prepared.push(hostConfigSchema.parse({ Mounts: [{ Type: 'bind', Source: source, Target: target, ReadOnly: readOnly }] }).Mounts![0]!);
  try {
    for (const mount of wanted) {
      if (mount.type === 'ssh') { // a client without an agent: BuildKit mounts nothing, either
        if (mount.required) throw new SlipwayError('InvalidParameter', `unset ssh forward key ${mount.id}`);
      } else if (mount.type === 'tmpfs') tmpfs[mount.target] = mount.size ? `size=${mount.size}` : '';
      else if (mount.type === 'cache') {
        const { directory, done } = await parts.cacheMounts.use(mount);
        releases.push(done);
        bind(directory, mount.target, mount.readOnly);
      } else if (mount.type === 'secret') {
        const data = await parts.secret(mount.id);
        if (!data && mount.required) throw new SlipwayError('NotFound', `secret ${mount.id}: not found`);
        if (!data) continue;
        const place = `${secretsDir}/${newScratch('secret').split('/').at(-1)!}`;
        releases.push(() => remove(host, place));
        await must(host, { argv: script('umask 077; mkdir -p "${1%/*}" && cat > "$1" && chown "$2" "$1" && chmod "$3" "$1"', place, `${mount.uid}:${mount.gid}`, (mount.mode ?? 0o400).toString(8)), input: pieces(data) });
        bind(place, mount.target, true);
      } else {
        const view = await viewOf(host, await parts.source(mount.from), mount.source, releases);
        bind(view, mount.target, mount.readOnly);
      }
    }
    if (scripts.length) {
      const place = newScratch('inline');
      releases.push(() => remove(host, place));
      for (const { name, content } of scripts) await must(host, { argv: script('mkdir -p "$1" && cat > "$1/$2" && chmod 755 "$1/$2"', place, name), input: pieces(Buffer.from(content)) });
      bind(place, '/dev/pipes', true);
    }
    return { mounts: prepared, tmpfs, release };
  } catch (error) {
    await release();
    throw error;
  }
}

/** Files of a context, a stage or an image as a directory; what is written into it is thrown away. */
async function viewOf(host: Place, source: Source, path: string, releases: (() => Promise<void> | void)[]): Promise<string> {
  const place = newScratch('mount');
  const { lower, before: links } = 'directory' in source ? { lower: source.directory, before: [] } : lowerOf(source.layers);
  const root = `${place}/root`;
  releases.push(async () => {
    await runScript(host, { argv: ['busybox', 'true'], before: [{ do: 'umount', path: root }, { do: 'run', argv: ['busybox', 'rm', '-rf', place] }] });
  });
  const before: Step[] = [
    ...['upper', 'work', 'root', 'none'].map((name): Step => ({ do: 'mkdir', path: `${place}/${name}`, mode: 0o755 })),
    ...links,
    { do: 'mount', type: 'overlay', source: 'overlay', target: root, flags: MS_NODEV, data: `lowerdir=${lower || `${place}/none`},upperdir=${place}/upper,workdir=${place}/work,userxattr` },
  ];
  const found = await must(host, { argv: script('resolve "$1" "$2" 1 && [ -e "$1$found" ] || { echo "\\"$2\\": not found" >&2; exit 1; }; printf %s "$found"', root, path), before }, 'failed to compute cache key: failed to calculate checksum: ');
  return `${root}${found}`;
}

const remove = async (host: Place, place: string) => { await runScript(host, { argv: ['busybox', 'rm', '-rf', place] }); };

async function must(host: Place, what: Parameters<typeof runScript>[1], prefix = ''): Promise<string> {
  const { code, stdout, stderr } = await runScript(host, what);
  if (code !== 0) throw new SlipwayError('System', `${prefix}${stderr.trim() || `exit status ${code}`}`);
  return stdout;
}

async function* pieces(data: Uint8Array): AsyncGenerator<Buffer> {
  for (let at = 0; at < data.length; at += 32 << 10) yield Buffer.from(data.subarray(at, at + (32 << 10)));
}

/** Directories that RUN --mount=type=cache shares from build to build. One per host. */
export class CacheMounts {
  private readonly host: Place;
  private readonly locks = new Map<string, Promise<void>>();
  private readonly users = new Map<string, number>();
  /** Called with each use, so that the cache's list knows of it. */
  private readonly onUse: (id: string, directory: string) => void;
  constructor(host: Place, onUse: (id: string, directory: string) => void) {
    this.host = host;
    this.onUse = onUse;
  }

  async use({ id, sharing, mode, uid, gid }: RunMount): Promise<{ directory: string; done: () => void }> {
    let name = id;
    const unlocked = Promise.withResolvers<void>();
    if (sharing === 'locked') {
      const before = this.locks.get(id);
      this.locks.set(id, unlocked.promise);
      await before;
    } else if (sharing === 'private') {
      for (let n = 1; this.users.has(name); n++) name = `${id} ${n}`;
    }
    this.users.set(name, (this.users.get(name) ?? 0) + 1);
    let over = false;
    const done = () => {
      if (over) return;
      over = true;
      const left = this.users.get(name)! - 1;
      if (left) this.users.set(name, left);
      else this.users.delete(name);
      unlocked.resolve();
    };
    const directory = `${cacheMountsDir}/${createHash('sha256').update(name).digest('hex').slice(0, 24)}`;
    try {
      await must(this.host, { argv: script('[ -d "$1" ] || { mkdir -p "$1" && chown "$2" "$1" && chmod "$3" "$1"; }', directory, `${uid}:${gid}`, (mode ?? 0o755).toString(8)) });
      this.onUse(name, directory);
      return { directory, done };
    } catch (error) {
      done();
      throw error;
    }
  }

  inUse(): boolean { return this.users.size > 0; }
}
