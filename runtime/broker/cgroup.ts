// The labs' cgroups, seen from outside: v1 (also hybrid) has a directory in each hierarchy, v2 one. The tree of a lab:
//   slipway-<instance>/<lab>            limits; the lab cannot write here
//   slipway-<instance>/<lab>/helpers    helpers, out of the lab's reach
//   slipway-<instance>/<lab>/<host>     the root of the host's cgroup namespace; delegated to the lab
//   slipway-<instance>/<lab>/<host>/init  its processes; containers are <host>/docker/<id>, made by their runtime
// cgroup v1: https://docs.kernel.org/admin-guide/cgroup-v1/ , v2: https://docs.kernel.org/admin-guide/cgroup-v2.html
import { chownSync, existsSync, mkdirSync, opendirSync, readFileSync, rmdirSync, writeFileSync, type Dir, type Dirent } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SlipwayError } from '../errors.ts';
import type { Limits } from '../kernel/protocol.ts';
import { cgroupsFrom, inTurns, removeCgroups, subdirectories } from './cgroup-tree.ts';

export interface Hierarchy { /** e.g. memory, `cpu,cpuacct`, name=systemd; '' on v2 */ name: string; mount: string }
export interface CgroupSystem { version: 'v1' | 'v2'; hierarchies: Hierarchy[] }

const V2_CONTROLLERS = ['cpu', 'cpuset', 'io', 'memory', 'pids', 'hugetlb'];
/** Directory entries that one look at a host's cgroups may take: some hundred cgroups with their files. */
const MAX_ENTRIES = 20_000;
const PERIOD_US = 100_000; // the kernel's and Docker's default
/** Cgroups that a lab may have: the kernel takes some 150 KB for each, hardly any of it from the lab's memory, and has 65,535 for all. v1 cannot be told so (counts.ts). */
export const MOST_CGROUPS = 600;
const DEEPEST_CGROUP = 32;

export function findCgroups(mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')): CgroupSystem {
  const hierarchies: Hierarchy[] = [];
  let unified: string | undefined;
  for (const line of mountinfo.split('\n')) {
    const [before, after] = line.split(' - ');
    const [type, , options] = after?.split(' ') ?? [];
    const mount = before?.split(' ')[4];
    if (!mount || !options) continue;
    if (type === 'cgroup2') unified = mount;
    if (type !== 'cgroup') continue;
    const name = options.split(',').filter(o => o !== 'rw' && o !== 'ro' && o !== 'xattr' && o !== 'clone_children' && !o.startsWith('release_agent')).join(',');
    if (name && !hierarchies.some(h => h.name === name)) hierarchies.push({ name, mount });
  }
  if (hierarchies.some(h => h.name.split(',').includes('memory'))) return { version: 'v1', hierarchies };
  if (unified) return { version: 'v2', hierarchies: [{ name: '', mount: unified }] };
  throw new SlipwayError('Unavailable', 'no cgroup hierarchy with a memory controller is mounted');
}

export class Cgroups {
  readonly system: CgroupSystem;
  private readonly top: string;
  constructor(instance: string, system = findCgroups()) {
    this.system = system;
    this.top = `slipway-${instance}`;
    for (const h of system.hierarchies) this.prepareTop(h);
  }

  /** Directories of a cgroup in every hierarchy; path below the instance's top. */
  directories(path: string): string[] {
    return this.system.hierarchies.map(h => join(h.mount, this.top, path));
  }

  createLab(lab: string, limits: Limits) {
    for (const path of [lab, `${lab}/helpers`]) for (const dir of this.directories(path)) makeDirectory(dir);
    if (this.system.version === 'v2') for (const path of ['', lab]) for (const dir of this.directories(path)) this.enableControllers(dir);
    this.limit(lab, limits);
  }

  limit(lab: string, limits: Limits) {
    const quota = String(Math.max(1000, Math.round(limits.cpus * PERIOD_US)));
    if (this.system.version === 'v2') {
      const [dir] = this.directories(lab);
      write(dir!, 'memory.max', String(limits.memoryBytes));
      write(dir!, 'memory.swap.max', '0', { optional: true });
      write(dir!, 'pids.max', String(limits.pids));
      write(dir!, 'cpu.max', `${quota} ${PERIOD_US}`);
      write(dir!, 'cgroup.max.descendants', String(MOST_CGROUPS));
      write(dir!, 'cgroup.max.depth', String(DEEPEST_CGROUP));
      return;
    }
    write(this.controller('memory', lab), 'memory.limit_in_bytes', String(limits.memoryBytes));
    write(this.controller('memory', lab), 'memory.memsw.limit_in_bytes', String(limits.memoryBytes), { optional: true });
    write(this.controller('pids', lab), 'pids.max', String(limits.pids));
    write(this.controller('cpu', lab), 'cpu.cfs_period_us', String(PERIOD_US));
    write(this.controller('cpu', lab), 'cpu.cfs_quota_us', quota);
  }

  /** Before its init starts: root and leaf exist and belong to the lab. */
  createHost(lab: string, host: string, uid: number) {
    for (const path of [`${lab}/${host}`, `${lab}/${host}/init`]) {
      for (const dir of this.directories(path)) {
        makeDirectory(dir);
        chownSync(dir, uid, uid);
        for (const file of ['cgroup.procs', 'tasks', 'cgroup.threads', 'cgroup.subtree_control']) if (existsSync(join(dir, file))) chownSync(join(dir, file), uid, uid);
      }
    }
  }

  /** After its init has moved to the leaf (v2 wants no process in a cgroup that hands controllers down). */
  delegateHost(lab: string, host: string) {
    if (this.system.version === 'v2') for (const dir of this.directories(`${lab}/${host}`)) this.enableControllers(dir);
  }

  /** Labs that have a cgroup, with a record or without. */
  labs(): string[] {
    const names = new Set<string>();
    for (const dir of this.directories('')) for (const name of subdirectories(dir)) names.add(name);
    return [...names];
  }

  /** As one hierarchy has them, and only so many: for looking again and again, where what the lab has moved elsewhere or hidden in a thousand groups is its own loss. */
  members(path: string, most: number): number[] {
    const pids = new Set<number>();
    const open = [this.system.version === 'v2' ? this.directories(path)[0]! : this.controller('pids', path)];
    for (let budget = MAX_ENTRIES, dir = open.shift(); dir !== undefined && budget > 0 && pids.size < most; dir = open.shift()) {
      for (const pid of readLines(join(dir, 'cgroup.procs'))) pids.add(Number(pid));
      budget -= eachEntry(dir, budget, entry => { if (entry.isDirectory()) open.push(join(dir!, entry.name)); });
    }
    pids.delete(0);
    return [...pids].slice(0, most);
  }

  processes(path: string): number[] {
    const pids = new Set<number>();
    for (const dir of this.directories(path)) for (const cgroup of cgroupsFrom(dir)) for (const pid of processesOf(cgroup)) pids.add(pid);
    pids.delete(0);
    return [...pids];
  }

  /** A lab's directory of one controller. */
  directory(controller: string, path: string): string { return this.controller(controller, path); }

  async freeze(path: string, frozen: boolean, deadlineMs = 10_000) {
    const dir = this.system.version === 'v2' ? this.directories(path)[0]! : this.controller('freezer', path);
    if (!existsSync(dir)) throw new SlipwayError('NotFound', `no such cgroup: ${path}`);
    const deadline = Date.now() + deadlineMs;
    for (;;) {
      if (this.system.version === 'v2') write(dir, 'cgroup.freeze', frozen ? '1' : '0');
      else write(dir, 'freezer.state', frozen ? 'FROZEN' : 'THAWED');
      if (this.isFrozen(path) === frozen) return;
      if (Date.now() > deadline) throw new SlipwayError('System', `cgroup ${path} would not ${frozen ? 'freeze' : 'thaw'}`);
      await delay(2);
    }
  }

  isFrozen(path: string): boolean {
    if (this.system.version === 'v1' && !this.system.hierarchies.some(h => h.name === 'freezer')) return false;
    return this.system.version === 'v2' ? readLines(join(this.directories(path)[0]!, 'cgroup.events')).includes('frozen 1') : readLines(join(this.controller('freezer', path), 'freezer.state'))[0] === 'FROZEN';
  }

  /** Thaws whatever is frozen below and kills until nobody is left. A task that the kernel holds (a hanging disk) is reported. */
  async kill(path: string, deadlineMs = 10_000) {
    const deadline = Date.now() + deadlineMs;
    for (;;) {
      await this.thawAll(path);
      if (this.system.version === 'v2') for (const dir of this.directories(path)) write(dir, 'cgroup.kill', '1', { optional: true });
      const left = new Set<number>();
      for (const dir of this.directories(path)) await inTurns(cgroupsFrom(dir), cgroup => { for (const pid of processesOf(cgroup)) left.add(pid); });
      left.delete(0);
      if (left.size === 0) return;
      for (const pid of left) try { process.kill(pid, 'SIGKILL'); } catch { /* gone in the meantime */ }
      if (Date.now() > deadline) throw new SlipwayError('System', `processes of ${path} would not end: ${[...left].slice(0, 10).join(' ')}`);
      await delay(5);
    }
  }

  /** Only when empty: call kill first. Bottom up, with rmdir, never recursively through anything but cgroups. */
  async remove(path: string, deadlineMs = 5_000) {
    const deadline = Date.now() + deadlineMs;
    await this.giveBack(path);
    for (const dir of this.directories(path)) {
      for (;;) {
        try {
          await removeCgroups(dir);
          break;
        } catch (error) {
          if (Date.now() > deadline) throw error;
          await delay(5); // the kernel lets go of a cgroup some moments after its last process
        }
      }
    }
  }

  /**
   * Pages of files that everybody uses stay charged to the lab that read them first, and keep its removed cgroup in the kernel until memory is short
   * (https://docs.kernel.org/admin-guide/cgroup-v1/memory.html#force-empty): a thousand labs were a thousand cgroups that nobody saw. A kernel without these files goes on as before.
   */
  private async giveBack(path: string) {
    const v2 = this.system.version === 'v2';
    const dir = v2 ? this.directories(path)[0]! : this.controller('memory', path);
    await writeFile(join(dir, v2 ? 'memory.reclaim' : 'memory.force_empty'), v2 ? String(number(dir, 'memory.current')) : '0').catch(() => undefined);
  }

  usage(lab: string): { memoryBytes: number; pids: number; cpuNs: number } {
    return { ...this.size(lab), cpuNs: this.cpuTime(lab) ?? 0 };
  }

  size(lab: string): { memoryBytes: number; pids: number } {
    if (this.system.version === 'v2') {
      const dir = this.directories(lab)[0]!;
      return { memoryBytes: number(dir, 'memory.current'), pids: number(dir, 'pids.current') };
    }
    return { memoryBytes: number(this.controller('memory', lab), 'memory.usage_in_bytes'), pids: number(this.controller('pids', lab), 'pids.current') };
  }

  /** What the processes below have used so far, in ns; null when there is no such cgroup. */
  cpuTime(path: string): number | null {
    const v2 = this.system.version === 'v2';
    const lines = readLines(v2 ? join(this.directories(path)[0]!, 'cpu.stat') : join(this.controller('cpuacct', path), 'cpuacct.usage'));
    const usage = v2 ? lines.find(line => line.startsWith('usage_usec '))?.slice(11) : lines[0];
    return usage === undefined ? null : Number(usage) * (v2 ? 1000 : 1);
  }

  /** At a clean end of the instance, when no lab is left. */
  removeTop() {
    for (const dir of this.directories('')) try { rmdirSync(dir); } catch { /* labs are still there, or it never was */ }
  }

  private controller(name: string, path: string): string {
    const hierarchy = this.system.hierarchies.find(h => h.name.split(',').includes(name));
    if (!hierarchy) throw new SlipwayError('Unavailable', `this machine has no ${name} cgroup controller`);
    return join(hierarchy.mount, this.top, path);
  }

  private prepareTop(h: Hierarchy) {
    if (this.system.version === 'v2') this.enableControllers(h.mount);
    makeDirectory(join(h.mount, this.top));
    // v1 cpusets start empty, and nothing can run in an empty one: children copy their parent's.
    if (h.name.split(',').includes('cpuset')) {
      const dir = join(h.mount, this.top);
      write(dir, 'cgroup.clone_children', '1');
      for (const file of ['cpuset.cpus', 'cpuset.mems']) if (!readLines(join(dir, file))[0]) write(dir, file, readLines(join(h.mount, file))[0] ?? '0');
    }
    if (this.system.version === 'v2') this.enableControllers(join(h.mount, this.top));
  }

  private enableControllers(dir: string) {
    const available = readFileSync(join(dir, 'cgroup.controllers'), 'utf8').trim().split(' ');
    for (const controller of V2_CONTROLLERS) if (available.includes(controller)) write(dir, 'cgroup.subtree_control', `+${controller}`, { optional: controller === 'hugetlb' || controller === 'cpuset' });
  }

  private async thawAll(path: string) {
    const [file, text] = this.system.version === 'v2' ? ['cgroup.freeze', '0'] : ['freezer.state', 'THAWED'];
    const dir = this.system.version === 'v2' ? this.directories(path)[0] : this.system.hierarchies.some(h => h.name === 'freezer') ? this.controller('freezer', path) : undefined;
    if (dir !== undefined) await inTurns(cgroupsFrom(dir), cgroup => write(cgroup, file!, text!, { optional: true }));
  }
}

function makeDirectory(dir: string) {
  try { mkdirSync(dir); } catch (error) { if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; }
}

function write(dir: string, file: string, text: string, options: { optional?: boolean } = {}) {
  try {
    writeFileSync(join(dir, file), text);
  } catch (error) {
    if (!options.optional) throw new SlipwayError('System', `cannot write ${join(dir, file)}: ${(error as Error).message}`, { cause: error });
  }
}

function readLines(file: string): string[] {
  try { return readFileSync(file, 'utf8').split('\n').filter(Boolean); } catch { return []; }
}

const processesOf = (dir: string) => readLines(join(dir, 'cgroup.procs')).map(Number);
const number = (dir: string, file: string) => Number(readLines(join(dir, file))[0] ?? 0);

/** Answers how many there were, up to `most`. A directory that has gone has none. */
function eachEntry(path: string, most: number, visit: (entry: Dirent) => void): number {
  let dir: Dir;
  try { dir = opendirSync(path); } catch { return 0; }
  let seen = 0;
  try {
    for (let entry = dir.readSync(); entry && seen < most; entry = dir.readSync(), seen++) visit(entry);
  } catch { /* it goes while it is read */ }
  dir.closeSync();
  return seen;
}
