// Where a layer's files lie inside a host. Layers of the library are the machine's, shared and read-only; those that a lab has made itself
// (commit, build, load, import) lie on its own disk, even when the library has the same content. Pure.
import { hostLayersDir, layerKey } from '../paths.ts';

const LOCAL = 'local-';
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
/** The directory that holds a local layer's `diff`, and `layer.tar` when the archive came from elsewhere. */
export const localDir = (key: string) => `${localLayersDir}/${key.slice(LOCAL.length)}`;
/** An overlay's lower directory. */
export const layerPath = (key: string) => (isLocal(key) ? `${localDir(key)}/diff` : `${hostLayersDir}/${key}`);
/** Lower directories of an overlay, topmost first: https://docs.kernel.org/filesystems/overlayfs.html */
export const lowerDirs = (keys: readonly string[]) => keys.toReversed().map(layerPath).join(':');
