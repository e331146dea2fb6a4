// Labs: create, list, inspect, suspend, resume, dispose. Holds every open host of this engine. Called by control-handlers.ts and engine.ts.
// A lab whose creation failed half-way is disposed of; one whose disposal failed stays listed, so that it can be tried again.
import { randomBytes } from 'node:crypto';
import { SlipwayError } from '../errors.ts';
import type { HostRef, Limits, Profile } from '../kernel/protocol.ts';
import { hostNetworkSteps } from '../network/host-network.ts';
import { noWaySteps } from '../network/no-way.ts';
import { restoreNetworks } from '../container/network-verbs.ts';
import { randomId } from '../network/default-networks.ts';
import { runHelper } from '../container/helper.ts';
import type { Host } from '../container/model.ts';
import { timestamp } from '../container/time.ts';
import { dockerSocket } from '../paths.ts';
import type { Figures, Lab, SnapshotView } from './control.ts';
import { openEgress, refusedNames } from './egress.ts';
import { seenBy } from './seen.ts';
import { forgetLab, loadLabs, saveLab, type LabRecord } from './lab-records.ts';
import { openHost, type EngineParts, type OpenHost } from './open-host.ts';
import { clearBuilds } from './clear-builds.ts';
import { restoreContainers } from './restore.ts';
import type { LoginUser } from './login.ts';
import { Pool } from './pool.ts';
import { settled } from '../durable.ts';
import { checkRoom } from './room.ts';
import { defaultLimits, poolSize } from './settings.ts';
import { beginSnapshot, brokenSnapshots, bytesOf, copiesOf, fillFrom, forgetSnapshot, listSnapshots, loadSnapshot, saveSnapshot, type Snapshot } from './snapshots.ts';
import { startByPolicy, stopContainers } from './sleep.ts';
import { Terminals } from './terminals.ts';

const FIRST_HOST = 'h1';
const FIRST_HOSTNAME = 'host1';
const FIRST_TERMINAL = 'Terminal 1';
/** Labs being suspended at the same time. */
const AT_ONCE = 4;

export class Labs {
  private readonly records = new Map<string, LabRecord>();
  /** By `lab/host`. */
  private readonly open = new Map<string, OpenHost>();
  private readonly turns = new Map<string, Promise<unknown>>();
  /** What the operator permitted of each lab's wish, when that was last asked. */
  private readonly mayReach = new Map<string, string[]>();
  readonly terminals: Terminals;
  readonly pool: Pool;
  private readonly parts: EngineParts;
  constructor(parts: EngineParts) {
    this.parts = parts;
    this.terminals = new Terminals(parts);
    this.pool = new Pool(poolSize, {
      make: async profile => {
        checkRoom(this.running);
        return (await this.make({ hostname: FIRST_HOSTNAME, profile, user: 'root', limits: {}, pooled: true })).id;
      },
      dispose: lab => this.dispose(lab),
      onError: error => parts.onError(error, { pool: true }),
    });
  }

  /** Finds again what an earlier engine left. A lab whose host has ended meanwhile (the machine was restarted) waits as a suspended one, until it is opened. */
  async restore(): Promise<void> {
    const hosts = await this.parts.broker.call('listHosts', {});
    const alive = new Set(hosts.filter(h => h.alive).map(h => key(h)));
    // Who is to say what is in it must be able to answer; it freezes again when nobody comes.
    for (const lab of new Set(hosts.filter(h => h.frozen).map(h => h.lab))) await this.parts.broker.call('freezeLab', { lab, frozen: false }).catch(error => this.parts.onError(error, { lab }));
    const unreadable = new Set<string>();
    for (const record of loadLabs((error, lab) => { unreadable.add(lab); this.parts.onError(error, { lab }); })) {
      this.records.set(record.id, record);
      try {
        await this.find(record, record.hosts.map(h => alive.has(key({ lab: record.id, host: h.id }))));
      } catch (error) {
        this.parts.onError(error, { lab: record.id });
      }
    }
    // Its making was under way when the engine died: nobody was ever told of it.
    for (const lab of new Set(hosts.map(h => h.lab))) if (!this.records.has(lab) && !unreadable.has(lab)) await this.parts.broker.call('disposeLab', { lab });
    for (const snapshot of brokenSnapshots()) await this.removeSnapshot(snapshot);
    await this.mendEgress({ all: true });
    this.pool.refill();
  }

  private async find(record: LabRecord, hosts: readonly boolean[]) {
    const alive = hosts.every(Boolean);
    if (record.state === 'making' || record.state === 'disposing' || (record.pooled && !alive)) return this.dispose(record.id);
    // Also one that was being opened again: it is as if it had not been asked for yet.
    if (record.state === 'suspending' || (record.state === 'suspended' && hosts.some(Boolean))) return this.halt(record);
    if (record.state === 'suspended') return;
    if (!alive) return this.note(record, 'suspended');
    await this.openHosts(record);
    await this.terminals.restore(record.id);
    if (record.pooled) this.pool.adopt(record.id, record.profile);
  }

  async create(request: { name?: string | undefined; hostname: string; profile: Profile; user: LoginUser; limits: Partial<Limits> }): Promise<Lab> {
    checkRoom(this.running);
    const usual = request.hostname === FIRST_HOSTNAME && request.user === 'root' && Object.keys(request.limits).length === 0;
    const ready = usual ? this.pool.take(request.profile) : undefined;
    if (ready === undefined) return this.describe(await this.pool.first(() => this.make(request)));
    const record = this.record(ready);
    Object.assign(record, { pooled: false, name: request.name || ready, createdAt: timestamp() });
    saveLab(record);
    await this.chargeCopies(record);
    return this.describe(record);
  }

  private async make(request: { name?: string | undefined; hostname: string; profile: Profile; user: LoginUser; limits: Partial<Limits>; pooled?: boolean }): Promise<LabRecord> {
    const id = randomBytes(4).toString('hex');
    const record: LabRecord = {
      id, name: request.name || id, createdAt: timestamp(), profile: request.profile, user: request.user, limits: { ...defaultLimits, ...request.limits },
      state: 'making', suspendedAt: null, pooled: request.pooled ?? false, egress: [],
      hosts: [{ id: FIRST_HOST, hostname: request.hostname, networks: [{ name: 'bridge', id: randomId(), driver: 'bridge' }, { name: 'host', id: randomId(), driver: 'host' }, { name: 'none', id: randomId(), driver: 'null' }] }],
    };
    await this.raise(record, async () => {
      await this.makeHost(record, FIRST_HOST);
      await this.chargeCopies(record);
      const opened = await openHost(this.parts, record, FIRST_HOST);
      this.open.set(key({ lab: id, host: FIRST_HOST }), opened);
      await opened.serve();
      // Its shell is at its prompt when somebody comes.
      if (record.pooled) await this.terminals.open({ lab: id, host: FIRST_HOST }, { cols: 80, rows: 24, title: FIRST_TERMINAL, user: record.user });
    });
    return record;
  }

  /** A new lab; what was made of it is taken back when the work fails. */
  private async raise(record: LabRecord, work: () => Promise<void>) {
    saveLab(record);
    this.records.set(record.id, record);
    try {
      await work();
      this.note(record, 'running');
    } catch (error) {
      await this.dispose(record.id).catch(failure => this.parts.onError(failure, { lab: record.id }));
      throw error;
    }
  }

  snapshot(lab: string, name: string, asCopy: boolean): Promise<SnapshotView> {
    return this.inTurn(lab, async () => {
      const record = this.record(lab);
      const snapshot: Snapshot = { id: randomBytes(4).toString('hex'), name, createdAt: timestamp(), lab: { ...record }, copyOf: asCopy ? record.name : null, bytes: 0 };
      try {
        beginSnapshot(snapshot.id);
        const { bytes, diskBytes } = await this.parts.broker.call('snapshotLab', { lab, snapshot: snapshot.id });
        snapshot.bytes = bytes;
        // Whichever of them the lab may become again fits beside all of them.
        const copies = asCopy ? [...copiesOf(record.name), snapshot] : [];
        if (bytesOf(copies) + Math.max(diskBytes, ...copies.map(copy => copy.bytes)) > record.limits.diskBytes && asCopy) throw new SlipwayError('Conflict', `no room for a copy: it would take ${bytes} bytes of the lab's ${record.limits.diskBytes}`);
        saveSnapshot(snapshot);
        if (asCopy) await this.chargeCopies(record);
      } catch (error) {
        await this.removeSnapshot(snapshot.id).catch(failure => this.parts.onError(failure, { lab, snapshot: snapshot.id }));
        throw error;
      }
      return { ...snapshot, lab };
    });
  }

  snapshots(): SnapshotView[] { return listSnapshots().map(snapshot => ({ ...snapshot, lab: snapshot.lab.id })); }

  async removeSnapshot(snapshot: string): Promise<void> {
    const copyOf = listSnapshots().find(({ id }) => id === snapshot)?.copyOf ?? null;
    await this.parts.broker.call('removeSnapshot', { snapshot });
    forgetSnapshot(snapshot);
    if (copyOf !== null) for (const record of this.records.values()) if (record.name === copyOf && record.state !== 'making' && record.state !== 'disposing') await this.chargeCopies(record, true);
  }

  /** What a lab's copies take is not there for its disk. */
  private async chargeCopies(record: LabRecord, evenNone = false) {
    const bytes = bytesOf(copiesOf(record.name));
    if (bytes > 0 || evenNone) await this.parts.broker.call('reserveDisk', { lab: record.id, bytes });
  }

  async fork(id: string, name: string): Promise<Lab> {
    checkRoom(this.running);
    const snapshot = loadSnapshot(id);
    const record: LabRecord = { ...snapshot.lab, id: randomBytes(4).toString('hex'), name, createdAt: timestamp(), state: 'making', suspendedAt: null, pooled: false, egress: [] };
    await this.pool.first(() => this.raise(record, async () => {
      fillFrom(snapshot, record);
      for (const host of record.hosts) await this.makeHost(record, host.id, id);
      await this.chargeCopies(record);
      for (const { host } of await this.openHosts(record, restoreNetworks)) startByPolicy(host);
    }));
    return this.describe(record);
  }

  suspend(lab: string): Promise<void> {
    return this.inTurn(lab, async () => {
      const record = this.record(lab);
      if (record.state !== 'running' && record.state !== 'suspending') return;
      this.note(record, 'suspending');
      await this.parts.broker.thawLab(lab); // to hear a stop signal
      const opened = record.hosts.flatMap(h => this.open.get(key({ lab, host: h.id })) ?? []);
      await Promise.all([...opened.map(async ({ host }) => { await host.daemon.settled(); await stopContainers(host); }), this.terminals.putAway(lab)]);
      await this.halt(record);
    });
  }

  /** Ends whatever of it still runs, politely or not. Idempotent. */
  private async halt(record: LabRecord) {
    await this.closeHosts(record);
    this.terminals.forget(record.id);
    await this.parts.broker.call('suspendLab', { lab: record.id });
    this.parts.broker.forget(record.id);
    this.note(record, 'suspended');
  }

  resume(lab: string): Promise<Lab> {
    return this.inTurn(lab, async () => {
      const record = this.record(lab);
      if (record.state === 'disposing') throw new SlipwayError('NotFound', `no such lab: ${lab}`);
      if (record.state === 'suspending') await this.halt(record);
      if (record.state === 'suspended') {
        checkRoom(this.running);
        await this.pool.first(() => this.boot(record));
      }
      await this.thaw(lab);
      return this.describe(record);
    });
  }

  /** What fails half-way is ended again, so that the next try begins where this one did. */
  private async boot(record: LabRecord) {
    try {
      for (const { id } of record.hosts) await this.makeHost(record, id);
      await this.chargeCopies(record); // a broker that was restored from a backup does not know
      for (const { host } of await this.openHosts(record, restoreNetworks)) startByPolicy(host);
      await this.terminals.reopen(record.id, record.user);
      this.note(record, 'running');
      if (record.egress.length) await this.openEgress(record).catch(error => this.parts.onError(error, { lab: record.id })); // the lab is of use without
    } catch (error) {
      await this.halt(record).catch(failure => this.parts.onError(failure, { lab: record.id }));
      throw error;
    }
  }

  freeze(lab: string): Promise<boolean> {
    return this.inTurn(lab, async () => {
      const record = this.record(lab);
      return record.state === 'running' && !record.pooled && this.parts.broker.freezeLab(lab);
    });
  }

  /** Not in turn: whatever else is being done with the lab, it wants it to move. */
  async thaw(lab: string): Promise<void> {
    this.record(lab);
    await this.parts.broker.thawLab(lab);
  }

  /** A few at a time: containers take their time to stop, the disk does not get faster. */
  async suspendAll(): Promise<number> {
    await this.pool.close();
    const waiting = [...this.records.values()].filter(record => record.state === 'running');
    let suspended = 0;
    const work = async () => {
      for (let record = waiting.shift(); record; record = waiting.shift()) {
        try {
          if (record.pooled) await this.dispose(record.id);
          else await this.suspend(record.id);
          suspended++;
        } catch (error) {
          this.parts.onError(error, { lab: record.id });
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return suspended;
  }

  /** Those that belong to somebody. */
  list(): Lab[] { return [...this.records.values()].filter(record => !record.pooled).map(record => this.describe(record)); }

  /** Those that belong to somebody and have processes. */
  get running(): number { return [...this.records.values()].filter(record => ['making', 'running'].includes(record.state) && !record.pooled).length; }

  async figures(only?: string[]): Promise<Figures[]> {
    const labs = only?.filter(lab => this.records.has(lab)) ?? this.list().map(lab => lab.id);
    const known = labs.length ? await this.parts.broker.call('figures', { labs }) : [];
    return known.map(figures => ({ ...figures, ...this.refused(figures), ...seenBy(this.records.get(figures.lab)?.hosts.flatMap(({ id }) => this.open.get(key({ lab: figures.lab, host: id })) ?? []) ?? []) }));
  }

  private refused({ lab, refused }: { lab: string; refused: number }): Pick<Figures, 'refused' | 'refusedNames' | 'mayReach'> {
    const hosts = this.records.get(lab)?.hosts.map(({ id }) => refusedNames({ lab, host: id })) ?? [];
    return { refused: hosts.reduce((all, { count }) => all + count, refused), refusedNames: hosts.flatMap(({ names }) => names), mayReach: this.mayReach.get(lab) ?? [] };
  }

  /** At once, where it runs; what goes through a gate that is closed or changed is cut off. Answers what it may reach of what it is to reach. */
  setEgress(lab: string, wish: string[]): Promise<string[]> {
    return this.inTurn(lab, async () => {
      const record = this.record(lab);
      if (record.state === 'disposing') throw new SlipwayError('NotFound', `no such lab: ${lab}`);
      if (record.egress.join() !== wish.join()) {
        record.egress = wish;
        saveLab(record);
      }
      return record.state === 'running' ? this.openEgress(record) : [];
    });
  }

  /** Every lab that runs and has, or should have, a gate: after the operator has changed something, and where one has broken. */
  async mendEgress(options: { all?: boolean } = {}): Promise<void> {
    const wanting = [...this.records.values()].filter(({ state, pooled, egress }) => state === 'running' && !pooled && egress.length);
    if (wanting.length === 0 && !options.all) return;
    const { gates } = await this.parts.broker.call('egress', {});
    const works = ({ id, hosts }: LabRecord) => hosts.every(host => gates.some(gate => gate.lab === id && gate.host === host.id));
    const spare = gates.flatMap(({ lab }) => this.records.get(lab) ?? []).filter(({ egress }) => egress.length === 0);
    for (const { id } of [...wanting.filter(lab => options.all || !works(lab)), ...spare]) {
      await this.inTurn(id, async () => {
        const record = this.records.get(id);
        if (record?.state === 'running') await this.openEgress(record);
      }).catch(error => this.parts.onError(error, { lab: id }));
    }
  }

  /** Labs whose host has ended by itself (its init was killed for want of memory, or the broker has ended it): they wait, as after a loss of power, until somebody opens them. */
  async haltEnded(): Promise<void> {
    const ended = async () => {
      const alive = new Set((await this.parts.broker.call('listHosts', {})).filter(host => host.alive).map(host => key(host)));
      return [...this.records.values()].filter(({ id, hosts, state }) => state === 'running' && !hosts.every(host => alive.has(key({ lab: id, host: host.id }))));
    };
    for (const { id, pooled } of await ended()) {
      if (pooled) await this.dispose(id);
      else await this.inTurn(id, async () => { for (const record of await ended()) if (record.id === id) await this.halt(record); });
    }
  }

  private async openEgress(record: LabRecord): Promise<string[]> {
    const allowed = [];
    for (const { id } of record.hosts) allowed.push(...await openEgress(this.parts, { lab: record.id, host: id }, record.egress));
    this.mayReach.set(record.id, [...new Set(allowed)]);
    return this.mayReach.get(record.id)!;
  }

  async inspect(lab: string) {
    const record = this.record(lab);
    const { memoryBytes, pids, cpuNs, diskBytes } = await this.parts.broker.call('stat', { lab }).catch((error: unknown) => {
      // What cannot be measured because it is being given up is not there any more.
      throw record.state === 'disposing' || !this.records.has(lab) ? new SlipwayError('NotFound', `no such lab: ${lab}`, { cause: error }) : error;
    });
    return { ...this.describe(record), usage: { memoryBytes, pids, cpuNs, diskBytes } };
  }

  dispose(lab: string): Promise<void> {
    return this.inTurn(lab, async () => {
      const record = this.record(lab);
      this.note(record, 'disposing');
      await this.closeHosts(record);
      this.terminals.forget(lab);
      await this.parts.broker.call('disposeLab', { lab });
      this.parts.broker.forget(lab);
      forgetLab(lab);
      this.mayReach.delete(lab);
      this.records.delete(lab);
    });
  }

  record(lab: string): LabRecord {
    const record = this.records.get(lab);
    if (!record) throw new SlipwayError('NotFound', `no such lab: ${lab}`);
    return record;
  }

  host(ref: HostRef): OpenHost {
    const record = this.record(ref.lab);
    const opened = this.open.get(key(ref));
    if (opened) return opened;
    if (record.state === 'disposing') throw new SlipwayError('NotFound', `no such lab: ${ref.lab}`);
    if (!record.hosts.some(h => h.id === ref.host)) throw new SlipwayError('NotFound', `no such host in lab ${ref.lab}: ${ref.host}`);
    throw new SlipwayError('Unavailable', `host ${ref.host} of lab ${ref.lab} does not run`);
  }

  /** Stops serving; labs live on. */
  async close(): Promise<void> {
    await this.pool.close();
    this.terminals.close();
    await settled();
    const closing = [...this.open.values()].map(opened => opened.close());
    for (const result of await Promise.allSettled(closing)) if (result.status === 'rejected') this.parts.onError(result.reason, {});
  }

  /** `booted` is for hosts that have just been made again. */
  private async openHosts(record: LabRecord, booted?: (host: Host) => Promise<void>): Promise<OpenHost[]> {
    for (const { id } of record.hosts) {
      const ref = { lab: record.id, host: id };
      const opened = await openHost(this.parts, record, id, { booted: booted !== undefined });
      this.open.set(key(ref), opened);
      await booted?.(opened.host);
      if (booted) await opened.host.daemon.boot();
      await restoreContainers(opened.host);
      await clearBuilds(opened.host, opened.images);
      await opened.serve();
    }
    return record.hosts.map(h => this.open.get(key({ lab: record.id, host: h.id }))!);
  }

  private async closeHosts(record: LabRecord) {
    for (const { id } of record.hosts) {
      const opened = this.open.get(key({ lab: record.id, host: id }));
      this.open.delete(key({ lab: record.id, host: id }));
      await opened?.close();
    }
  }

  private note(record: LabRecord, state: LabRecord['state']) {
    record.state = state;
    record.suspendedAt = state === 'suspended' ? timestamp() : null;
    saveLab(record);
  }

  /** Suspending, opening again and disposing of one lab take turns. */
  private inTurn<T>(lab: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.turns.get(lab) ?? Promise.resolve()).then(work, work);
    const settled = turn.catch(() => undefined).then(() => { if (this.turns.get(lab) === settled) this.turns.delete(lab); });
    this.turns.set(lab, settled);
    return turn;
  }

  private async makeHost(record: LabRecord, host: string, snapshot?: string): Promise<void> {
    const { hostname } = record.hosts.find(h => h.id === host)!;
    await this.parts.broker.call('createHost', { lab: record.id, host, hostname, profile: record.profile, limits: record.limits, ...(snapshot === undefined ? {} : { snapshot }) });
    await runHelper({ ref: { lab: record.id, host }, broker: this.parts.broker }, { argv: ['busybox', 'true'], before: [...hostNetworkSteps, ...noWaySteps] });
  }

  private describe(record: LabRecord): Lab {
    return {
      id: record.id, name: record.name, createdAt: record.createdAt, profile: record.profile, limits: record.limits,
      state: record.state === 'suspended' ? 'suspended' : this.parts.broker.isFrozen(record.id) ? 'frozen' : 'running',
      hosts: record.hosts.map(h => ({ id: h.id, hostname: h.hostname, dockerHost: `unix://${dockerSocket(record.id, h.id)}`, state: this.open.has(key({ lab: record.id, host: h.id })) ? 'running' as const : 'stopped' as const })),
    };
  }
}

const key = (ref: HostRef) => `${ref.lab}/${ref.host}`;

