// Labs and hosts: making, finding and disposing of them. The only owner of their kernel objects; whatever has no record is swept at start.
import { execFileSync } from 'node:child_process';
import { chownSync, closeSync, constants, existsSync, fstatSync, mkdirSync, openSync, readdirSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SlipwayError } from '../errors.ts';
import { DOCKER_GID, ENGINE_USER, GROUP, STORE_UID_BASE } from '../ids.ts';
import type { HostRef, Limits, Profile } from '../kernel/protocol.ts';
import { appDir, dockerSocket, instance, labRecordsDir, layersDir, runDir, toolboxDir, workstationDir } from '../paths.ts';
import { Cgroups } from './cgroup.ts';
import { clearStaleQuotas, createDisk, disks, isDiskWhole, limitDisk, removeDisk, removeSnapshot, snapshotDisk } from './disk.ts';
import { Configuration } from './encode.ts';
import { diskFigures, forgetFigures, keepFigures, labFigures, lastFigures, type AllFigures, type LabFigures } from './figures.ts';
import { planHost } from './host-plan.ts';
import { refusals } from './egress/refusals.ts';
import { callNative } from './native.ts';
import { isAlive, startTime } from './process.ts';
import { forgetLab, loadLabs, saveLab, type HostRecord, type LabRecord } from './records.ts';
import { keepUids, releaseUids, takenUids, takeUids, uidBaseOf } from './uids.ts';

/** open(2): a descriptor of the file itself, without opening it. Node does not name it. */
const O_PATH = 0o10000000;
/** A process that waits for a hanging disk does not freeze. */
const FREEZE_MS = 2_000;
const NOTHING: LabFigures = { memoryBytes: 0, memoryHits: 0, oomKills: 0, pids: 0, pidsPeak: 0, forksRefused: 0 };

export interface Account { uid: number; gid: number }

export class Hosts {
  readonly cgroups: Cgroups;
  readonly engine: Account;
  private readonly labs = new Map<string, LabRecord>();
  /** One change to a lab at a time. */
  private readonly busy = new Map<string, Promise<unknown>>();

  constructor() {
    this.cgroups = new Cgroups(instance);
    this.engine = account(ENGINE_USER);
    for (const record of loadLabs()) this.labs.set(record.lab, record);
  }

  list() {
    return [...this.labs.values()].flatMap(lab => Object.entries(lab.hosts).map(([host, record]) => ({
      lab: lab.lab, host, uidBase: uidBaseOf(lab.uidIndex), initPid: record.init?.pid ?? null, alive: isAlive(record.init), frozen: this.cgroups.isFrozen(`${lab.lab}/${host}`),
    })));
  }

  /** The record of a running host, or an error in words. */
  running(ref: HostRef): { lab: LabRecord; host: HostRecord; uidBase: number; init: { pid: number; started: number } } {
    const lab = this.labs.get(ref.lab);
    const host = lab?.hosts[ref.host];
    if (!lab || !host) throw new SlipwayError('NotFound', `no such host: ${ref.lab}/${ref.host}`);
    if (!host.init || !isAlive(host.init)) throw new SlipwayError('Unavailable', `host ${ref.lab}/${ref.host} is not running`);
    return { lab, host, uidBase: uidBaseOf(lab.uidIndex), init: host.init };
  }

  /** Of every lab, running or not. */
  all(): { ref: HostRef; host: HostRecord }[] { return [...this.labs.values()].flatMap(({ lab, hosts }) => Object.entries(hosts).map(([host, record]) => ({ ref: { lab, host }, host: record }))); }

  has(id: string): boolean { return this.labs.has(id); }

  lab(id: string): LabRecord {
    const lab = this.labs.get(id);
    if (!lab) throw new SlipwayError('NotFound', `no such lab: ${id}`);
    return lab;
  }

  create(ref: HostRef, options: { hostname: string; profile: Profile; limits: Limits; snapshot?: string | undefined }) {
    return this.exclusive(ref.lab, async () => {
      const known = this.labs.get(ref.lab)?.hosts[ref.host];
      if (known && isAlive(known.init)) return { initPid: known.init!.pid, uidBase: uidBaseOf(this.labs.get(ref.lab)!.uidIndex) };
      const lab = this.labs.get(ref.lab) ?? this.recordLab(ref.lab, options.limits);
      try {
        await this.start(lab, ref.host, options);
      } catch (error) {
        if (Object.keys(lab.hosts).length === 0) await this.remove(lab.lab);
        throw error;
      }
      return { initPid: lab.hosts[ref.host]!.init!.pid, uidBase: uidBaseOf(lab.uidIndex) };
    });
  }

  snapshot(lab: string, snapshot: string) {
    return this.exclusive(lab, async () => {
      await removeSnapshot(snapshot); // an earlier try that was interrupted
      return snapshotDisk(this.lab(lab).lab, snapshot);
    });
  }

  reserveDisk(lab: string, bytes: number) {
    return this.exclusive(lab, async () => {
      const record = this.lab(lab);
      record.reservedBytes = bytes;
      await limitDisk(lab, diskLimit(record));
      saveLab(record);
    });
  }

  suspend(lab: string) {
    return this.exclusive(lab, async () => {
      const record = this.labs.get(lab);
      if (!record) return; // never made, or swept: nothing of it runs
      await this.endProcesses(record.lab, record);
      await this.cgroups.remove(lab);
      for (const [id, host] of Object.entries(record.hosts)) {
        rmSync(join(runDir, 'labs', lab, id, 'tasks'), { recursive: true, force: true });
        host.init = null;
        host.gate = null;
      }
      saveLab(record);
    });
  }

  /** A descriptor says which file it is, whatever happens to its name meanwhile: the directory is the engine's. */
  ownSocket(ref: HostRef) {
    const { uidBase } = this.running(ref);
    const fd = openSync(`${dockerSocket(ref.lab, ref.host)}.new`, O_PATH | constants.O_NOFOLLOW);
    try {
      const found = fstatSync(fd);
      if (!found.isSocket() || (found.uid !== this.engine.uid && found.uid !== uidBase)) throw new SlipwayError('InvalidParameter', 'only a socket of the engine can become a host\'s');
      chownSync(`/proc/self/fd/${fd}`, uidBase, uidBase + DOCKER_GID);
    } finally {
      closeSync(fd);
    }
  }

  /** All hosts of a lab: their processes stand still, helpers go on. One that will not stand still goes on, too. */
  async freeze(lab: string, frozen: boolean) {
    const hosts = Object.entries(this.lab(lab).hosts).filter(([, host]) => isAlive(host.init)).map(([id]) => `${lab}/${id}`);
    try {
      await Promise.all(hosts.map(path => this.cgroups.freeze(path, frozen, FREEZE_MS)));
    } catch (error) {
      if (frozen) await Promise.all(hosts.map(path => this.cgroups.freeze(path, false, FREEZE_MS).catch(() => undefined)));
      throw error;
    }
  }

  /** Nothing, while it is suspended. */
  usage(lab: string): { memoryBytes: number; pids: number; cpuNs: number } {
    const runs = Object.values(this.lab(lab).hosts).some(host => host.init !== null);
    return runs ? this.cgroups.usage(lab) : { memoryBytes: 0, pids: 0, cpuNs: 0 };
  }

  async figures(lab: string): Promise<AllFigures> {
    const runs = Object.values(this.lab(lab).hosts).some(host => host.init !== null);
    const cpuNs = runs ? this.cgroups.cpuTime(lab) : null;
    const before = lastFigures(lab, cpuNs);
    if (before) return before;
    const disk = await diskFigures(lab);
    return keepFigures(lab, cpuNs, { cpuNs: cpuNs ?? 0, ...(runs ? labFigures(this.cgroups, lab) : NOTHING), diskBytes: disk?.diskBytes ?? null, recordsBytes: disk?.recordsBytes ?? null, refused: refusals(this.lab(lab)) });
  }

  dispose(lab: string) {
    return this.exclusive(lab, async () => {
      await this.remove(lab);
    });
  }

  /** Takes away what a crash left: everything under our names that no record owns. Living labs are kept. */
  async sweep() {
    const known = this.labs;
    for (const record of known.values()) {
      if (keepUids(record.uidIndex, record.lab)) continue;
      // Files on its disk have uids of their own (ids.ts), so that it may run with any.
      record.uidIndex = takeUids(record.lab);
      saveLab(record);
    }
    // Its making was interrupted before its first host ran: whoever wanted it asks again.
    for (const record of known.values()) if (Object.keys(record.hosts).length === 0) await this.remove(record.lab);
    const strays = new Set([...this.cgroups.labs(), ...disks(), ...children(join(runDir, 'labs'))].filter(lab => !known.has(lab)));
    for (const lab of strays) await this.remove(lab);
    for (const { index, lab } of takenUids()) if (known.get(lab)?.uidIndex !== index) releaseUids(index);
    await clearStaleQuotas();
  }

  private recordLab(lab: string, limits: Limits): LabRecord {
    const record: LabRecord = { lab, uidIndex: takeUids(lab), limits, reservedBytes: 0, hosts: {} };
    this.labs.set(lab, record);
    saveLab(record);
    return record;
  }

  private async start(lab: LabRecord, host: string, options: { hostname: string; profile: Profile; limits: Limits; snapshot?: string | undefined }) {
    const uidBase = uidBaseOf(lab.uidIndex);
    // What is left of it when its init was killed, or when an earlier start was interrupted after that init had begun.
    for (const path of [`${lab.lab}/${host}`, `${lab.lab}/${gateOf(host)}`]) {
      await this.cgroups.kill(path);
      await this.cgroups.remove(path);
    }
    this.cgroups.createLab(lab.lab, lab.limits);
    this.cgroups.createHost(lab.lab, host, uidBase);
    // It ran before, and now there is nothing it could run on: an empty machine in its place would hide that.
    if (lab.hosts[host] && !isDiskWhole(lab.lab, host)) throw new SlipwayError('NotFound', `the disk of lab ${lab.lab} is lost: it was not written yet when the machine lost its power`);
    const disk = await createDisk(lab.lab, host, diskLimit(lab), options.snapshot);
    const api = this.makeDirectories(lab.lab, host);
    const system = this.cgroups.system;
    const plan = planHost({
      stage: join(runDir, 'stage'),
      workstation: join(workstationDir, readlinkSync(join(workstationDir, 'current'))),
      disk, layers: layersDir, toolbox: toolboxDir, api, logs: join(labRecordsDir, lab.lab, 'logs', host), hostname: options.hostname,
      cgroup: system.version === 'v2' ? { version: 'v2' } : { version: 'v1', hierarchies: system.hierarchies.map(h => h.name) },
    });
    const { dev: device, ino: inode } = statSync(toolboxDir);
    const configuration = new Configuration()
      .add(uidBase, STORE_UID_BASE, lab.limits.pids, join(runDir, 'stage'))
      .list(this.cgroups.directories(`${lab.lab}/${host}`))
      .list(this.cgroups.directories(`${lab.lab}/${host}/init`))
      .add(join(appDir, 'dist', 'full.bpf'))
      .steps(plan.outer).trees(plan.trees).steps(plan.inner);
    const pid = Number(await callNative('host', configuration));
    const started = startTime(pid);
    if (started === undefined) throw new SlipwayError('System', 'the host ended as soon as it was started');
    lab.hosts[host] = { hostname: options.hostname, profile: options.profile, init: { pid, started }, toolbox: { device, inode }, gate: null };
    saveLab(lab);
    this.cgroups.delegateHost(lab.lab, host);
  }

  /** Directories that the host sees through locked binds: made here, so that no name in them can be a learner's. */
  private makeDirectories(lab: string, host: string): string {
    const api = join(runDir, 'labs', lab, host, 'api');
    for (const dir of [join(runDir, 'stage'), api, join(runDir, 'labs', lab, host, 'tasks')]) mkdirSync(dir, { recursive: true, mode: 0o755 });
    chownSync(api, this.engine.uid, this.engine.gid);
    return api;
  }

  private async remove(lab: string) {
    const record = this.labs.get(lab);
    await this.endProcesses(lab, record);
    await removeDisk(lab);
    await this.cgroups.remove(lab);
    rmSync(join(runDir, 'labs', lab), { recursive: true, force: true });
    if (record) releaseUids(record.uidIndex);
    this.labs.delete(lab);
    forgetFigures(lab);
    forgetLab(lab);
  }

  private async endProcesses(lab: string, record: LabRecord | undefined) {
    // With its init ends all that is in its pid namespace, in whatever cgroups it has hidden.
    for (const host of Object.values(record?.hosts ?? {})) if (isAlive(host.init)) process.kill(host.init!.pid, 'SIGKILL');
    await this.cgroups.kill(lab);
  }

  exclusive<T>(lab: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.busy.get(lab) ?? Promise.resolve()).then(work, work);
    const settled = turn.catch(() => undefined).then(() => { if (this.busy.get(lab) === settled) this.busy.delete(lab); });
    this.busy.set(lab, settled);
    return turn;
  }
}

/** The cgroup of what carries a host's egress, out of the lab's reach. */
export const gateOf = (host: string) => `gate-${host}`;

export function account(user: string): Account {
  const id = (flag: string) => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }));
  const line = execFileSync('getent', ['group', GROUP], { encoding: 'utf8' });
  return { uid: id('-u'), gid: Number(line.split(':')[2]) };
}

const diskLimit = (lab: LabRecord): number => Math.max(0, lab.limits.diskBytes - lab.reservedBytes);
const children = (dir: string): string[] => (existsSync(dir) ? readdirSync(dir) : []);
