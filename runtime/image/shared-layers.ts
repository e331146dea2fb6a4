// Layers of allowed upstreams on this machine: fetched once, unpacked once, in a lab of their own that nobody else is ever in (so that a malicious archive
// meets that lab's limits and nothing else), then shared by all labs read-only. However many pull a layer at once, there is one flight, and each hears
// of it. Called by mirror.ts. What no image, container or build of any lab has goes, least recently used first, when room is needed.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { digestSchema, diffIdSchema, type DiffId } from '../content/digest.ts';
import { writeWhole } from '../durable.ts';
import { SlipwayError } from '../errors.ts';
import { unpackingLab } from '../kernel/protocol.ts';
import type { Place } from '../kernel/stream.ts';
import { engineDir, layerKey } from '../paths.ts';
import type { Settings } from '../registry/upstreams.ts';
import { json } from '../registry/words.ts';
import { isUpstream, layerOf, upstreamKey } from '../snapshot/layer-path.ts';
import type { Hears } from './local-layers.ts';
import { humanSize } from './progress.ts';
import { referencedLayers } from './referenced-layers.ts';
import { unpack, type Wanted } from './unpack-shared.ts';

/** Layers being fetched and unpacked at a time, whoever wants them. */
const AT_A_TIME = 4;
/** Archives are so much smaller than what is in them, more or less. */
const UNPACKED_PER_BYTE = 4;
const HOUR_MS = 3_600_000;
const LIMITS = { memoryBytes: 512 << 20, pids: 64, cpus: 2 };

const recordSchema = z.object({
  layer: z.string(), diffId: diffIdSchema, sizeBytes: z.number(), usedAt: z.number(),
  blob: z.object({ mediaType: z.string(), digest: digestSchema, size: z.number() }), domain: z.string(), path: z.string(),
});
export type SharedLayer = z.infer<typeof recordSchema>;

type Flight = { done: Promise<SharedLayer>; bytes: number; downloaded: boolean; hearers: Set<Hears>; leaving: AbortController };

export class SharedLayers {
  private readonly file = join(engineDir, 'shared-layers.json');
  private readonly records: Map<string, SharedLayer>;
  private readonly flights = new Map<string, Flight>();
  /** Room that flights may need. */
  private readonly promised = new Map<string, number>();
  /** Flights that everybody has left: their labs are on their way out. */
  private readonly ending = new Map<string, Promise<unknown>>();
  private readonly held = new Map<string, number>();
  private readonly spent = new Map<string, { at: number; bytes: number }[]>();
  private readonly slots: (() => void)[] = [];
  private free = AT_A_TIME;
  private readonly broker: Place['broker'];
  private readonly settings: () => Settings;
  private readonly onError: (error: unknown) => void;

  constructor(broker: Place['broker'], settings: () => Settings, onError: (error: unknown) => void) {
    this.broker = broker;
    this.settings = settings;
    this.onError = onError;
    const known = z.array(recordSchema).safeParse(existsSync(this.file) ? json(readFileSync(this.file, 'utf8')) : []);
    this.records = new Map((known.success ? known.data : []).map(record => [record.layer, record]));
  }

  /** What an earlier engine wrote down and what is there become one. A layer without a record, which some lab's record names all the same, stays until somebody pulls it. */
  async restore(): Promise<void> {
    const there = await this.broker.call('sharedLayers', {});
    for (const layer of this.records.keys()) if (!there.includes(layer)) this.records.delete(layer);
    const strays = there.filter(layer => !this.records.has(layer));
    const referenced = strays.length ? await referencedLayers(engineDir) : new Set();
    for (const layer of strays) if (!referenced.has(layer)) await this.broker.call('unshareLayer', { layer });
    if (existsSync(this.file) || this.records.size) this.save();
  }

  has(key: string): boolean { return !isUpstream(key) || this.records.has(layerOf(key)); }

  /** The layer with this content, wherever in a chain: its blob is the same. */
  find(diffId: DiffId): SharedLayer | undefined { return [...this.records.values()].find(record => record.diffId === diffId); }

  hold(keys: readonly string[]): () => Promise<void> {
    for (const key of keys) this.held.set(key, (this.held.get(key) ?? 0) + 1);
    return async () => {
      for (const key of keys) {
        const left = this.held.get(key)! - 1;
        const record = this.records.get(layerOf(key));
        if (record) record.usedAt = Date.now(); // whoever had it in hand has written down by now, or will at once, that it is used
        if (left) this.held.set(key, left);
        else this.held.delete(key);
      }
    };
  }

  async fetch(wanted: Wanted, hears: Hears): Promise<number> {
    const layer = layerKey(wanted.chainId);
    const record = this.records.get(layer);
    if (record) {
      record.usedAt = Date.now();
      hears.downloaded();
      return record.sizeBytes;
    }
    const flight = this.flights.get(layer) ?? this.begin(layer, wanted);
    flight.hearers.add(hears);
    if (flight.bytes) hears.downloading(flight.bytes);
    if (flight.downloaded) hears.downloaded();
    const gone = Promise.withResolvers<never>();
    const leave = () => gone.reject(new SlipwayError('Unavailable', 'context canceled'));
    hears.signal.addEventListener('abort', leave, { once: true });
    if (hears.signal.aborted) leave();
    try {
      return (await Promise.race([flight.done, gone.promise])).sizeBytes;
    } finally {
      hears.signal.removeEventListener('abort', leave);
      flight.hearers.delete(hears);
      // Whoever comes now begins anew: this one is on its way out.
      if (flight.hearers.size === 0 && this.flights.get(layer) === flight) {
        this.flights.delete(layer);
        const ending = flight.done.catch(() => undefined).finally(() => { if (this.ending.get(layer) === ending) this.ending.delete(layer); });
        this.ending.set(layer, ending);
        flight.leaving.abort();
        await ending;
      }
    }
  }

  private begin(layer: string, wanted: Wanted): Flight {
    const leaving = new AbortController();
    const flight: Flight = { done: undefined!, bytes: 0, downloaded: false, hearers: new Set(), leaving };
    const hears: Hears = {
      downloading: bytes => { flight.bytes = bytes; for (const one of flight.hearers) one.downloading(bytes); },
      downloaded: () => { flight.downloaded = true; for (const one of flight.hearers) one.downloaded(); },
      signal: leaving.signal,
    };
    flight.done = this.bring(layer, wanted, hears).finally(() => { if (this.flights.get(layer) === flight) this.flights.delete(layer); });
    flight.done.catch(() => {}); // each of its hearers has it
    this.flights.set(layer, flight);
    return flight;
  }

  private async bring(layer: string, wanted: Wanted, hears: Hears): Promise<SharedLayer> {
    const cost = this.spend(wanted.lab, wanted.blob.size);
    let came = 0;
    await this.ending.get(layer);
    await this.slot();
    try {
      hears.signal.throwIfAborted();
      const ref = { lab: unpackingLab(layer), host: 'h1' };
      const diskBytes = await this.makeRoom(layer, wanted.blob.size);
      try {
        await this.broker.call('createHost', { ...ref, hostname: 'unpack', profile: 'strict', limits: { ...LIMITS, diskBytes } });
        const sizeBytes = await unpack({ ref, broker: this.broker }, wanted, { ...hears, downloading: bytes => hears.downloading(came = bytes) });
        await this.broker.call('shareLayer', { layer });
        const { blob: { mediaType, digest, size }, diffId, domain, path } = wanted;
        const record: SharedLayer = { layer, diffId, sizeBytes, usedAt: Date.now(), blob: { mediaType, digest, size }, domain, path };
        this.records.set(layer, record);
        this.save({ atOnce: true });
        return record;
      } catch (error) {
        cost.bytes = came;
        throw error;
      } finally {
        this.promised.delete(layer);
        this.broker.call('disposeLab', { lab: ref.lab }).catch(this.onError); // nobody need wait for it; another of its name waits at the broker
      }
    } finally {
      const next = this.slots.shift();
      if (next) next();
      else this.free++;
    }
  }

  private async slot(): Promise<void> {
    if (this.free > 0) this.free--;
    else await new Promise<void>(resolve => this.slots.push(resolve));
  }

  /** What one lab makes us fetch within an hour. */
  private spend(lab: string, bytes: number): { bytes: number } {
    const { labBytesPerHour } = this.settings();
    for (const [other, all] of this.spent) if (all.every(({ at }) => at < Date.now() - HOUR_MS)) this.spent.delete(other);
    const recent = (this.spent.get(lab) ?? []).filter(({ at }) => at > Date.now() - HOUR_MS);
    if (recent.reduce((sum, one) => sum + one.bytes, bytes) > labBytesPerHour) {
      throw new SlipwayError('System', `toomanyrequests: You have reached your pull rate limit.\nA lab may have ${humanSize(labBytesPerHour)} an hour fetched from registries outside; what other labs have pulled already costs nothing.`);
    }
    const cost = { at: Date.now(), bytes };
    this.spent.set(lab, [...recent, cost]);
    return cost;
  }

  /** How much the layer may take; what nobody needs goes for it. */
  private async makeRoom(layer: string, blobBytes: number): Promise<number> {
    const { diskBytes } = this.settings();
    const used = () => [...this.records.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) + [...this.promised.values()].reduce((sum, bytes) => sum + bytes, 0);
    const guess = blobBytes * UNPACKED_PER_BYTE;
    if (used() + guess > diskBytes) await this.collect(() => used() + guess <= diskBytes);
    if (used() + blobBytes > diskBytes) {
      throw new SlipwayError('System', `write: no space left on device\nThe room for images from registries outside is full (${humanSize(diskBytes)}), and labs use what is in it. Whoever runs this Slipway can make it larger.`);
    }
    const room = Math.max(diskBytes - used(), blobBytes);
    this.promised.set(layer, Math.min(guess, room));
    return room + (64 << 20); // a lab's disk holds some of its own besides
  }

  /** Least recently used first. References are looked for in all that this engine has written down, whatever it is about. */
  private async collect(enough: () => boolean): Promise<void> {
    const began = Date.now();
    const referenced = await referencedLayers(engineDir);
    const idle = [...this.records.values()].filter(({ layer, usedAt }) => !referenced.has(layer) && !this.held.has(upstreamKey(layer)) && usedAt < began).sort((a, b) => a.usedAt - b.usedAt);
    for (const { layer } of idle) {
      if (enough()) return;
      this.records.delete(layer);
      this.save();
      await this.broker.call('unshareLayer', { layer });
    }
  }

  private save(options: { atOnce?: boolean } = {}) {
    writeWhole(this.file, JSON.stringify([...this.records.values()]), options);
  }
}
