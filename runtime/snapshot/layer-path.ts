// Where a layer's files lie inside a host. Layers of the library are the machine's, shared and read-only; those that a lab has made itself
// (commit, build, load, import) lie on its own disk, even when the library has the same content. Those of upstreams that the operator allows are the machine's, too. Pure.
import type { Step } from '../kernel/protocol.ts';
import { hostLayersDir, instance, layerKey } from '../paths.ts';

const LOCAL = 'local-';
const UPSTREAM = 'up-';
/** What labs make goes here, below directories named like Docker's own; a container's are longer (container/paths.ts). */
export const localLayersDir = '/var/lib/docker/overlay2';
/** Unfinished work; nothing in it outlives the request that made it. */
export const scratchDir = '/var/lib/docker/tmp';

/** Of containers: files that are mounted into them (container/paths.ts). */
export const sandboxesDir = '/var/lib/docker/sandboxes';

/** Of a directory below localLayersDir. */
export const keyOfDirectory = (name: string) => `${LOCAL}${name}`;
export const directoryOf = (localKey: string) => localKey.slice(LOCAL.length);
export const localKey = (chainId: string) => `${LOCAL}${layerKey(chainId)}`;
export const isLocal = (key: string) => key.startsWith(LOCAL);
/** Of an allowed upstream: unpacked once on this machine, in a lab of its own, whose disk it is (broker/shared-layers.ts). */
export const upstreamKey = (chainId: string) => `${UPSTREAM}${layerKey(chainId)}`;
export const isUpstream = (key: string) => key.startsWith(UPSTREAM);
export const layerOf = (upstreamKey: string) => upstreamKey.slice(UPSTREAM.length);
const upstreamPath = (layer: string) => `${hostLayersDir}/up/${instance}/${layer}/h1/docker/overlay2/${layer}/diff`;
/** The directory that holds a local layer's `diff`, and `layer.tar` or `layer.tar.gz` when the archive came from elsewhere. */
export const localDir = (key: string) => `${localLayersDir}/${key.slice(LOCAL.length)}`;
/** An overlay's lower directory. */
export const layerPath = (key: string) => (isLocal(key) ? `${localDir(key)}/diff` : isUpstream(key) ? upstreamPath(layerOf(key)) : `${hostLayersDir}/${key}`);
/** Lower directories of an overlay, topmost first: https://docs.kernel.org/filesystems/overlayfs.html */
export const lowerDirs = (keys: readonly string[]) => keys.toReversed().map(layerPath).join(':');

/** As many layers as an image of dockerd's may have. */
export const MAX_LAYERS = 125;
/** A mount's options fit in a page; beside the lower directories there are the upper and the work directory. */
const MAX_LOWER = 3500; // bytes
const shortDir = '/run/docker/l';
const shortPath = (key: string) => `${shortDir}/${isLocal(key) ? 'l' : isUpstream(key) ? 'u' : 's'}${key.replace(/^(local|up)-/, '').slice(0, 11)}`;

/** The same for a mount: a long list goes by short names, as with dockerd, which the steps make. */
export function lowerOf(keys: readonly string[]): { lower: string; before: Step[] } {
  const lower = lowerDirs(keys);
  if (lower.length <= MAX_LOWER) return { lower, before: [] };
  const link = 'while [ $# -gt 0 ]; do [ -L "$1" ] || ln -s "$2" "$1"; shift 2; done';
  return {
    lower: keys.toReversed().map(shortPath).join(':'),
    before: [{ do: 'mkdir', path: shortDir, mode: 0o755 }, { do: 'run', argv: ['busybox', 'sh', '-c', link, 'sh', ...keys.flatMap(key => [shortPath(key), layerPath(key)])] }],
  };
}
