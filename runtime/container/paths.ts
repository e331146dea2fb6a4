// Where a container's parts lie inside its host. Only the lab's own processes (steps, helpers, the OCI runtime) follow these.
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { ContainerRecord } from './model.ts';

export const overlayDir = (id: string) => `/var/lib/docker/overlay2/${id}`;
export const diffDir = (id: string) => `${overlayDir(id)}/diff`;
export const workDir = (id: string) => `${overlayDir(id)}/work`;
export const mergedDir = (id: string) => `${overlayDir(id)}/merged`;
/** hosts, hostname and resolv.conf; beside the log directory, which hosts see read-only. */
export const sandboxDir = (id: string) => `/var/lib/docker/sandboxes/${id}`;
/** /dev/shm of a container whose ipc namespace others may share; it is memory, and lives while the container runs. */
export const shmDir = (id: string) => `${sandboxDir(id)}/shm`;
export const logPathInHost = (id: string) => `/var/lib/docker/containers/${id}/${id}-json.log`;
export const bundleDir = (id: string) => `/run/docker/bundles/${id}`;
/** The OCI runtime's own state (crun --root). */
export const runtimeRoot = '/run/docker/runtime-crun/moby';
/** Docker's are random; ours follow from the container, so that what a crash left can be found. */
export const sandboxIdOf = (id: string) => createHash('sha256').update(`sandbox ${id}`).digest('hex');
export const netnsPath = (sandboxId: string) => `/run/docker/netns/${sandboxId.slice(0, 12)}`;
/** A container's or exec's task: unix socket paths are short, and logs have a name of their own. */
export const taskOf = (id: string) => id.slice(0, 32);
/** Below the host's root: in `docker`, or in what --cgroup-parent says. */
export const cgroupOf = ({ id, hostConfig }: Pick<ContainerRecord, 'id' | 'hostConfig'>) => `${cgroupParent(hostConfig.CgroupParent)}/${id}`;
/** `..` leads no further than the root, as with dockerd. */
export const cgroupParent = (asked: string) => posix.join('/', asked || 'docker').replace(/^\/|\/$/g, '') || 'docker';
export const shortId = (id: string) => id.slice(0, 12);
export const hostnameOf = (record: ContainerRecord) => record.config.Hostname || shortId(record.id);
