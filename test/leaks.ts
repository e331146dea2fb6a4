// What of an instance is left in the kernel and on disk. Everything is looked for by the names and places that are the instance's own, so that
// other instances on the machine do not disturb; what has no such name (loop devices, links) is compared with how it was before.
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { findCgroups } from '../runtime/broker/cgroup.ts';
import { instance, labDisksDir, labRecordsDir, poolDir, runDir, stateDir, uidRangesDir, upstreamLayersDir } from '../runtime/paths.ts';
import type { Status } from '../runtime/supervisor/status.ts';

export interface Snapshot { loops: string[]; links: string[] }

export const takeSnapshot = (): Snapshot => ({
  loops: list('/sys/block').filter(name => existsSync(`/sys/block/${name}/loop/backing_file`)),
  links: list('/sys/class/net'),
});

/** One line for each thing that should not be there any more. */
export function findLeaks(before: Snapshot): string[] {
  const after = takeSnapshot();
  return [
    ...after.loops.filter(name => !before.loops.includes(name)).map(name => `loop device ${name} (${read(`/sys/block/${name}/loop/backing_file`).trim()})`),
    ...after.links.filter(name => !before.links.includes(name)).map(name => `network link ${name}`),
    ...processes().filter(isOurs).map(pid => `process ${pid} (${read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').slice(0, 100)})`),
    ...mounts(),
    ...findCgroups().hierarchies.map(hierarchy => join(hierarchy.mount, `slipway-${instance}`)).filter(existsSync).map(dir => `cgroup ${dir}`),
    ...list(uidRangesDir).filter(name => read(join(uidRangesDir, name, 'owner')).startsWith(`${instance}/`)).map(name => `uid range ${name}`),
    ...list(upstreamLayersDir).map(name => `shared layer ${name}`),
    ...list(labDisksDir).map(name => `disk of lab ${name}`),
    ...list(join(poolDir, 'snapshots', instance)).map(name => `snapshot ${name}`),
    ...[join(runDir, 'labs'), labRecordsDir].flatMap(dir => list(dir).map(name => `directory ${join(dir, name)}`)),
  ];
}

/** How many descriptors each service holds, and of what kinds. */
export const openDescriptors = (status: Status) => status.services.map(({ name, pid }) => {
  const targets = list(`/proc/${pid}/fd`).flatMap(fd => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`).replace(/\[?\d+\]?$/, '')];
    } catch {
      return []; // closed meanwhile
    }
  });
  const kinds = [...new Set(targets)].map(kind => `${targets.filter(target => target === kind).length}×${kind}`).join(' ');
  return { name, open: targets.length, kinds };
});

/** Of the instance: in its cgroups, or started with its name in the environment (but not we ourselves, who also have it there). */
function isOurs(pid: number): boolean {
  if (new RegExp(`/slipway-${instance}(/|$)`, 'm').test(read(`/proc/${pid}/cgroup`))) return true; // not another whose name begins likewise
  return read(`/proc/${pid}/environ`).split('\0').includes(`SLIPWAY_INSTANCE=${instance}`) && !isRelative(pid);
}

function isRelative(pid: number): boolean {
  for (let at = process.pid; at > 1; at = parentOf(at)) if (at === pid) return true;
  for (let at = pid; at > 1; at = parentOf(at)) if (at === process.pid) return true;
  return false;
}

const parentOf = (pid: number) => Number(/^PPid:\s*(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
const processes = () => list('/proc').filter(name => /^\d+$/.test(name)).map(Number);

/** In every mount namespace that some process is in: a mount at one of our places, or of one of our disks. A namespace is held by processes, descriptors and mounts; here are the mounts. */
function mounts(): string[] {
  const seen = new Map<string, number>();
  for (const pid of processes()) {
    try {
      const namespace = readlinkSync(`/proc/${pid}/ns/mnt`);
      if (!seen.has(namespace)) seen.set(namespace, pid);
    } catch {
      continue; // ended meanwhile
    }
  }
  const ours = [runDir, stateDir, labDisksDir];
  return [...seen.values()].flatMap(pid => read(`/proc/${pid}/mountinfo`).split('\n').flatMap(line => {
    const [, , , source = '', target = ''] = line.split(' ');
    const hit = ours.some(dir => target === dir || target.startsWith(`${dir}/`)) || source.startsWith(`/labs/${instance}/`);
    return hit ? [`mount ${target} of ${source} (seen from process ${pid}, ${read(`/proc/${pid}/comm`).trim()})`] : [];
  }));
}

function list(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return []; // not there, not a directory, or gone
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
