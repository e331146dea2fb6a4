// What the engine may have read of a lab from outside, for grading: whether anything moved, which processes there are, what is in a file. Called by
// main.ts. Names and numbers of the kernel go out as they are; a lab's files are read by a process with the lab's own rights (native/read.c),
// and its words pass through unread.
import { readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { SlipwayError } from '../errors.ts';
import type { HostRef } from '../kernel/protocol.ts';
import { appDir } from '../paths.ts';
import { Configuration } from './encode.ts';
import type { Hosts } from './hosts.ts';
import { callNative } from './native.ts';

/** More in one lab are not looked at; its own limit on processes lies near. */
const MAX_PROCESSES = 1000;
const NAMESPACES = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'user', 'uts'];

/** Helpers and readers do not count: they are ours. */
export const activity = (hosts: Hosts, refs: readonly HostRef[]): (number | null)[] => refs.map(({ lab, host }) => hosts.cgroups.cpuTime(`${lab}/${host}`));

export function processes(hosts: Hosts, ref: HostRef, cgroup: string) {
  const { uidBase, init } = hosts.running(ref);
  const pids = hosts.cgroups.members(`${ref.lab}/${ref.host}/${cgroup}`, MAX_PROCESSES);
  const own = lookAt(init.pid);
  if (!own) throw new SlipwayError('Unavailable', `host ${ref.lab}/${ref.host} is not running`);
  return { uidBase, init: own, processes: pids.flatMap(pid => lookAt(pid) ?? []) };
}

function lookAt(pid: number) {
  try {
    const namespaces = Object.fromEntries(NAMESPACES.map(name => [name, readlinkSync(`/proc/${pid}/ns/${name}`)]));
    return { pid, namespaces, program: readlinkSync(`/proc/${pid}/exe`) };
  } catch {
    return null; // it has ended
  }
}

export function readFiles(hosts: Hosts, ref: HostRef, files: readonly { pid: number; path: string; maxBytes: number }[]): Promise<string> {
  const { uidBase, init } = hosts.running(ref);
  return callNative('read', new Configuration()
    .add(init.pid, init.started, uidBase)
    .list(hosts.cgroups.directories(`${ref.lab}/helpers`))
    .add(join(appDir, 'dist', 'full.bpf'), files.length, ...files.flatMap(file => [file.pid, file.maxBytes, file.path])));
}
