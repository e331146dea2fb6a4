// Things that the kernel counts for the whole machine and charges to nobody: control groups (cgroup v1 cannot bound them), pseudo-terminals, asynchronous I/O.
// One lab could take them all, and memory beside. So there are more of them from the start, and once a second it is seen whether they have become many;
// only then who has them, and the processes of a lab that has more than any use are ended. Called by main.ts; reads two small files while all is well.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { cgroupsFrom, inTurns } from './cgroup-tree.ts';
import { MOST_CGROUPS } from './cgroup.ts';
import type { Hosts } from './hosts.ts';

export const COUNTS_EVERY_MS = 1_000;
/** A lab has some hundred processes; a terminal is at least one. */
const MOST_TERMINALS = 1024;
/** What they are raised to: memory that the kernel takes for so many is bearable, or charged to the lab (aio). */
const RAISED: Record<string, number> = { '/proc/sys/kernel/pty/max': 16_384, '/proc/sys/fs/aio-max-nr': 1 << 24 };
/** Device number of /dev/ptmx: one open file of it is one terminal. */
const PTMX = (5 << 8) | 2;

export function raiseCounts(): void {
  for (const [file, least] of Object.entries(RAISED)) {
    try {
      if (Number(readFileSync(file, 'utf8')) < least) writeFileSync(file, String(least));
    } catch { /* not ours to say on this machine, such as one that is a container itself */ }
  }
}

/** Calls `tell` with each lab whose processes it has ended. */
export class Counts {
  private readonly hosts: Hosts;
  private readonly tell: (lab: string, what: string, count: number) => void;
  /** How many there were when all labs were found to be in order. */
  private readonly known = { cgroups: 0, terminals: 0 };
  private looking = false;
  constructor(hosts: Hosts, tell: Counts['tell']) {
    this.hosts = hosts;
    this.tell = tell;
  }

  async look(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    try {
      await this.compare('cgroups', MOST_CGROUPS, this.hosts.cgroups.system.version === 'v1' ? mostCgroups : () => 0, lab => this.cgroupsOf(lab));
      await this.compare('terminals', MOST_TERMINALS, () => number('/proc/sys/kernel/pty/nr'), lab => this.terminalsOf(lab));
    } finally {
      this.looking = false;
    }
  }

  /** Only what has grown since by half of what one lab may have is worth a look at all of them. */
  private async compare(what: keyof Counts['known'], most: number, all: () => number, of: (lab: string) => Promise<number>) {
    const now = all();
    if (now > this.known[what] + most / 2) {
      await this.endThose(what, most, of);
      this.known[what] = all();
    } else if (now < this.known[what]) this.known[what] = now;
  }

  private async endThose(what: string, most: number, count: (lab: string) => Promise<number>) {
    const running = new Set(this.hosts.all().filter(({ host }) => host.init !== null).map(({ ref }) => ref.lab));
    for (const lab of running) {
      const has = await count(lab);
      if (has <= most) continue;
      this.tell(lab, what, has);
      await this.hosts.suspend(lab);
    }
  }

  private async cgroupsOf(lab: string): Promise<number> {
    let most = 0;
    for (const dir of this.hosts.cgroups.directories(lab)) {
      let count = 0;
      await inTurns(cgroupsFrom(dir), () => { count++; });
      most = Math.max(most, count);
    }
    return most;
  }

  private async terminalsOf(lab: string): Promise<number> {
    let count = 0;
    await inTurns(openFiles(this.hosts.cgroups.processes(lab)), path => { if (deviceOf(path) === PTMX) count++; });
    return count;
  }
}

function* openFiles(pids: readonly number[]): Generator<string> {
  for (const pid of pids) for (const fd of names(`/proc/${pid}/fd`)) yield `/proc/${pid}/fd/${fd}`;
}

/** Of all hierarchies; those that have been removed count as long as the kernel keeps them. */
const mostCgroups = () => Math.max(0, ...readFileSync('/proc/cgroups', 'utf8').split('\n').slice(1).map(line => Number(line.split('\t')[2] ?? 0)));
const number = (path: string) => { try { return Number(readFileSync(path, 'utf8')); } catch { return 0; } };
const deviceOf = (path: string) => { try { return statSync(path).rdev; } catch { return 0; } }; // closed meanwhile
const names = (dir: string): string[] => { try { return readdirSync(dir); } catch { return []; } };
