// An engine for tests without root: labs and terminals that behave as runtime/lab/control.ts says, with real shells behind the terminals.
// It can go away, lose a lab, and say that something happened in one.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SlipwayError } from '../../runtime/errors.ts';
import type { Figures, JournalEntry, Lab, SnapshotView, Terminal } from '../../runtime/lab/control.ts';
import type { Engine } from '../lab/engine.ts';
import { startTestShim, type TestShim } from './shim.ts';

type WithoutSeq<T> = T extends unknown ? Omit<T, 'seq'> : never;
interface TestLab { lab: Lab; terminals: Map<string, Terminal & { shim: TestShim }>; entries: JournalEntry[]; listeners: Set<{ hear: (entry: JournalEntry) => void; fail: (error: Error) => void }>; }

export interface TestEngine extends Engine {
  labs: Map<string, TestLab>;
  kept: Map<string, SnapshotView>;
  /** What a copy that is made next takes. */
  copyBytes: number;
  /** How often createLab was called. */
  made: number;
  away(away: boolean): void;
  lose(lab: string): void;
  /** The lab's host ends, with all in it; the engine still knows the lab. */
  halt(lab: string): void;
  /** No lab can be made: the machine is full. */
  full: boolean;
  /** Suspended labs whose disk went with the machine's power. */
  diskless: Set<string>;
  /** What every lab has used so far. */
  cpuNs: number;
  /** What is special about a lab's figures. */
  figured: Map<string, Partial<Figures>>;
  disk: { free: number; total: number };
  happen(lab: string, entry: WithoutSeq<JournalEntry>): void;
}

export function createTestEngine(): TestEngine {
  const dir = mkdtempSync('/tmp/slipway-engine-');
  let isAway = false;
  let next = 1;

  const find = (id: string): TestLab => {
    present();
    const lab = engine.labs.get(id);
    if (!lab) throw new SlipwayError('NotFound', `no such lab: ${id}`);
    return lab;
  };
  const present = () => { if (isAway) throw new SlipwayError('Unavailable', 'the engine is away'); };
  const lose = (id: string) => {
    const lost = engine.labs.get(id);
    if (!lost) return;
    engine.labs.delete(id);
    for (const terminal of lost.terminals.values()) terminal.shim.close();
    for (const listener of lost.listeners) listener.fail(new SlipwayError('NotFound', `no such lab: ${id}`));
  };

  const engine: TestEngine = {
    labs: new Map(),
    kept: new Map(),
    copyBytes: 1 << 20,
    made: 0,
    full: false,
    diskless: new Set(),
    cpuNs: 0,
    figured: new Map(),
    disk: { free: 1 << 30, total: 2 << 30 },
    async hello() { present(); },
    async egress() { present(); return { allow: [], everyone: false, bitsPerSecond: 20e6, connectionsPerSecond: 20, labs: [] }; },
    async setEgress(id) { find(id); },
    async listLabs() { present(); return [...engine.labs.values()].map(known => known.lab); },
    async createLab({ name, profile }) {
      present();
      if (engine.full) throw new SlipwayError('Unavailable', 'all uid ranges are in use');
      engine.made++;
      const lab: Lab = {
        id: `lab-${next++}`, name, profile, state: 'running', createdAt: new Date().toISOString(),
        limits: { memoryBytes: 1 << 30, pids: 512, cpus: 1, diskBytes: 1 << 30 },
        hosts: [{ id: 'host1', hostname: 'host1', dockerHost: 'unix:///nowhere', state: 'running' }],
      };
      engine.labs.set(lab.id, { lab, terminals: new Map(), entries: [], listeners: new Set() });
      return lab;
    },
    async resumeLab(id) {
      const { lab } = find(id);
      if (engine.diskless.has(id)) throw new SlipwayError('NotFound', `the disk of lab ${id} is lost`);
      lab.state = 'running';
      lab.hosts[0]!.state = 'running';
      return lab;
    },
    async suspendLab(id) {
      const { lab, terminals } = find(id);
      lab.state = 'suspended';
      lab.hosts[0]!.state = 'stopped';
      for (const terminal of terminals.values()) terminal.shim.close();
      terminals.clear();
    },
    async freezeLab(id) { find(id).lab.state = 'frozen'; return true; },
    async thawLab(id) { const { lab } = find(id); if (lab.state === 'frozen') lab.state = 'running'; },
    async figures(ids) {
      present();
      return ids.filter(id => engine.labs.has(id)).map(lab => ({
        lab, cpuNs: engine.cpuNs, memoryBytes: 1 << 20, pids: 3, memoryHits: 0, oomKills: 0, forksRefused: 0, pidsPeak: 0, diskBytes: 1 << 20, recordsBytes: 0, logsFull: 0, connectionsRefused: 0, refused: 0, refusedNames: [], mayReach: [], containerAt: null, killedAt: null, ...engine.figured.get(lab),
      }));
    },
    async room() {
      const half = { free: 1 << 30, total: 2 << 30 };
      return { memory: half, disk: engine.disk, pids: half, labs: { running: engine.labs.size, most: null }, reserve: { memory: 0.1, disk: 0.1, pids: 0.2 } };
    },
    async disposeLab(lab) { present(); lose(lab); },
    async copies() { present(); return [...engine.kept.values()]; },
    async saveCopy(id) {
      const { lab } = find(id);
      if (engine.copyBytes > lab.limits.diskBytes) throw new SlipwayError('Conflict', 'no room for a copy');
      const copy: SnapshotView = { id: `copy-${next++}`, name: '', createdAt: new Date().toISOString(), lab: id, copyOf: lab.name, bytes: engine.copyBytes };
      engine.kept.set(copy.id, copy);
      return copy;
    },
    async removeCopy(copy) { present(); engine.kept.delete(copy); },
    async forkCopy(copy, name) {
      present();
      if (!engine.kept.has(copy)) throw new SlipwayError('NotFound', `no such snapshot: ${copy}`);
      return engine.createLab({ name, profile: 'strict' });
    },
    async openTerminal(host, { cols, rows, title }) {
      const { terminals, lab } = find(host.lab);
      if (lab.hosts[0]!.state !== 'running') throw new SlipwayError('Unavailable', 'the host does not run');
      const id = `t${next++}`;
      const socketPath = join(dir, `${id}.sock`);
      const shim = await startTestShim(socketPath, { cols, rows });
      const terminal: Terminal = { id, ...host, title, createdAt: new Date().toISOString(), socketPath };
      terminals.set(id, { ...terminal, shim });
      shim.pty.onExit(() => terminals.delete(id));
      return terminal;
    },
    async listTerminals(lab) { return [...find(lab).terminals.values()]; },
    async closeTerminal(lab, terminal) { find(lab).terminals.get(terminal)?.shim.close(); },
    exec: () => Promise.reject(new SlipwayError('Unavailable', 'no program can be started here')),
    async evidence(host) { return { seq: find(host.lab).entries.length, containers: [], images: [] }; },
    async read(_host, readings) { return { seq: 0, found: readings.map(() => ({ kind: 'none' as const })) }; },
    watch: () => () => {},
    async containerOutput() { return { stdout: '', stderr: '' }; },
    ports(_host, onPorts) {
      const ended = new Promise<never>(() => {});
      setImmediate(() => onPorts([]));
      return { ended, release() {} };
    },
    relay: () => Promise.reject(new SlipwayError('Unavailable', 'there is no network here')),
    journal(host, since, onEntry) {
      let listener: { hear: typeof onEntry; fail: (error: Error) => void } | undefined;
      const ended = new Promise<never>((_, reject) => {
        listener = { hear: onEntry, fail: reject };
        setImmediate(() => {
          try {
            const lab = find(host.lab);
            for (const entry of lab.entries) if (entry.seq > since) onEntry(entry);
            lab.listeners.add(listener!);
          } catch (error) { reject(error); }
        });
      });
      ended.catch(() => {});
      return { ended, release: () => engine.labs.get(host.lab)?.listeners.delete(listener!) };
    },
    release() {
      for (const id of engine.labs.keys()) lose(id);
      rmSync(dir, { recursive: true, force: true });
    },
    away(value) {
      isAway = value;
      if (!value) return;
      for (const lab of engine.labs.values()) {
        for (const listener of lab.listeners) listener.fail(new SlipwayError('Unavailable', 'the engine is away'));
        lab.listeners.clear();
      }
    },
    lose,
    halt(id) {
      const { lab, terminals } = engine.labs.get(id)!;
      lab.hosts[0]!.state = 'stopped';
      for (const terminal of terminals.values()) terminal.shim.close();
    },
    happen(id, entry) {
      const lab = engine.labs.get(id)!;
      const whole = { ...entry, seq: lab.entries.length + 1 } as JournalEntry;
      lab.entries.push(whole);
      for (const listener of lab.listeners) listener.hear(whole);
    },
  };
  return engine;
}
