// Labs: create, list, inspect, dispose. Holds every open host of this engine. Called by control-handlers.ts and engine.ts.
// A lab whose creation failed half-way is disposed of; one whose disposal failed stays listed, so that it can be tried again.
import { randomBytes } from 'node:crypto';
import { SlipwayError } from '../errors.ts';
import type { HostRef, Limits, Profile } from '../kernel/protocol.ts';
import { hostNetworkSteps } from '../network/host-network.ts';
import { restoreNetworks } from '../container/network-verbs.ts';
import { randomId } from '../network/default-networks.ts';
import { runHelper } from '../container/helper.ts';
import { timestamp } from '../container/time.ts';
import { dockerSocket } from '../paths.ts';
import type { Lab } from './control.ts';
import { forgetLab, loadLabs, saveLab, type LabRecord } from './lab-records.ts';
import { openHost, type EngineParts, type OpenHost } from './open-host.ts';
import { restoreContainers } from './restore.ts';
import { defaultLimits } from './settings.ts';
import { Terminals } from './terminals.ts';

const FIRST_HOST = 'h1';

export class Labs {
  private readonly records = new Map<string, LabRecord>();
  /** By `lab/host`. */
  private readonly open = new Map<string, OpenHost>();
  private readonly disposing = new Set<string>();
  readonly terminals: Terminals;
  private readonly parts: EngineParts;
  constructor(parts: EngineParts) {
    this.parts = parts;
    this.terminals = new Terminals(parts);
  }

  /** Finds again what an earlier engine left. A lab that cannot be opened is reported and listed as stopped. */
  async restore(): Promise<void> {
    const alive = new Set((await this.parts.broker.call('listHosts', {})).filter(h => h.alive).map(h => key(h)));
    for (const record of loadLabs((error, path) => this.parts.onError(error, { path }))) {
      this.records.set(record.id, record);
      for (const { id } of record.hosts) {
        const ref = { lab: record.id, host: id };
        try {
          const isNew = !alive.has(key(ref));
          if (isNew) await this.makeHost(record, id);
          const opened = await openHost(this.parts, record, id);
          this.open.set(key(ref), opened);
          if (isNew) await restoreNetworks(opened.host);
          await restoreContainers(opened.host);
        } catch (error) {
          this.parts.onError(error, ref);
        }
      }
      await this.terminals.restore(record.id);
    }
  }

  async create(request: { name?: string | undefined; hostname: string; profile: Profile; limits: Partial<Limits> }): Promise<Lab> {
    const id = randomBytes(4).toString('hex');
    const record: LabRecord = {
      id, name: request.name || id, createdAt: timestamp(), profile: request.profile, limits: { ...defaultLimits, ...request.limits },
      hosts: [{ id: FIRST_HOST, hostname: request.hostname, networks: [{ name: 'bridge', id: randomId(), driver: 'bridge' }, { name: 'host', id: randomId(), driver: 'host' }, { name: 'none', id: randomId(), driver: 'null' }] }],
    };
    saveLab(record);
    this.records.set(id, record);
    try {
      await this.makeHost(record, FIRST_HOST);
      this.open.set(key({ lab: id, host: FIRST_HOST }), await openHost(this.parts, record, FIRST_HOST));
    } catch (error) {
      await this.dispose(id).catch(failure => this.parts.onError(failure, { lab: id }));
      throw error;
    }
    return this.describe(record);
  }

  list(): Lab[] { return [...this.records.values()].map(record => this.describe(record)); }

  async inspect(lab: string) {
    const record = this.record(lab);
    const { memoryBytes, pids, cpuNs, diskBytes } = await this.parts.broker.call('stat', { lab }).catch((error: unknown) => {
      // What cannot be measured because it is being given up is not there any more.
      throw this.disposing.has(lab) || !this.records.has(lab) ? new SlipwayError('NotFound', `no such lab: ${lab}`, { cause: error }) : error;
    });
    return { ...this.describe(record), usage: { memoryBytes, pids, cpuNs, diskBytes } };
  }

  async dispose(lab: string): Promise<void> {
    this.disposing.add(lab);
    try {
      await this.disposeOf(this.record(lab));
    } finally {
      this.disposing.delete(lab);
    }
  }

  private async disposeOf({ id: lab, hosts }: LabRecord): Promise<void> {
    for (const { id } of hosts) {
      const opened = this.open.get(key({ lab, host: id }));
      this.open.delete(key({ lab, host: id }));
      await opened?.close();
    }
    this.terminals.forget(lab);
    await this.parts.broker.call('disposeLab', { lab });
    forgetLab(lab);
    this.records.delete(lab);
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
    if (!record.hosts.some(h => h.id === ref.host)) throw new SlipwayError('NotFound', `no such host in lab ${ref.lab}: ${ref.host}`);
    throw new SlipwayError('Unavailable', `host ${ref.host} of lab ${ref.lab} does not run`);
  }

  /** Stops serving; labs live on. */
  async close(): Promise<void> {
    this.terminals.close();
    const closing = [...this.open.values()].map(opened => opened.close());
    for (const result of await Promise.allSettled(closing)) if (result.status === 'rejected') this.parts.onError(result.reason, {});
  }

  private async makeHost(record: LabRecord, host: string): Promise<void> {
    const { hostname } = record.hosts.find(h => h.id === host)!;
    await this.parts.broker.call('createHost', { lab: record.id, host, hostname, profile: record.profile, limits: record.limits });
    await runHelper({ ref: { lab: record.id, host }, broker: this.parts.broker }, { argv: ['busybox', 'true'], before: hostNetworkSteps });
  }

  private describe(record: LabRecord): Lab {
    return {
      id: record.id, name: record.name, createdAt: record.createdAt, profile: record.profile, limits: record.limits,
      hosts: record.hosts.map(h => ({ id: h.id, hostname: h.hostname, dockerHost: `unix://${dockerSocket(record.id, h.id)}`, state: this.open.has(key({ lab: record.id, host: h.id })) ? 'running' as const : 'stopped' as const })),
    };
  }
}

const key = (ref: HostRef) => `${ref.lab}/${ref.host}`;

