// The engine as the site needs it: the control verbs with a time limit, and the journal as something that can be let go of.
// Errors keep their kind; Unavailable means "not now", whatever the reason.
import type { z } from 'zod';
import type { Lesson } from '../../lessons/schema.ts';
import { asSlipwayError, SlipwayError } from '../../runtime/errors.ts';
import type { HostRef, Profile } from '../../runtime/kernel/protocol.ts';
import { controlVerbs, type Evidence, type Figures, type JournalEntry, type Lab, type PublishedPort, type SnapshotView, type Terminal } from '../../runtime/lab/control.ts';
import type { Found, Reading } from '../../runtime/lab/readings.ts';
import { RpcClient } from '../../runtime/rpc.ts';
import { Activity, type Watcher } from './activity.ts';
import type { ExecRequest } from './commands.ts';

export type Room = z.output<(typeof controlVerbs)['room']['response']>;

export type EgressState = z.output<(typeof controlVerbs)['egress']['response']>;

export interface Journal {
  /** Settles when the stream has ended by itself: fulfilled never, rejected with why. */
  ended: Promise<never>;
  release(): void;
}

export interface Engine {
  hello(): Promise<unknown>;
  listLabs(): Promise<Lab[]>;
  createLab(options: { name: string; profile: Profile; user?: Lesson['user']; hostname?: string }): Promise<Lab>;
  /** Opens a suspended lab again. */
  resumeLab(lab: string): Promise<Lab>;
  /** Its processes end, its disk stays. */
  suspendLab(lab: string): Promise<void>;
  /** It stands still until it is thawed, or something is to be done in it. False when something is being done just now. */
  freezeLab(lab: string): Promise<boolean>;
  /** At once. Nothing for one that moves. */
  thawLab(lab: string): Promise<void>;
  /** What they use, and how often they met their limits; those that are gone are left out. */
  figures(labs: string[]): Promise<Figures[]>;
  /** What the machine has left, and which share of it is to stay free. */
  room(): Promise<Room>;
  /** What the operator lets out of labs, and which have a way out now. */
  egress(): Promise<EgressState>;
  /** What the lab is to reach outside from now on, as far as that is permitted. */
  setEgress(lab: string, wish: string[]): Promise<void>;
  /** A lab that is not there is fine. */
  disposeLab(lab: string): Promise<void>;
  /** Snapshots that count for the disk of labs of a name (`copyOf`). */
  copies(): Promise<SnapshotView[]>;
  /** Of the lab as it is now. Conflict: it does not fit into the lab's disk limit. */
  saveCopy(lab: string): Promise<SnapshotView>;
  removeCopy(copy: string): Promise<void>;
  /** A new lab of this name, as the copied one was. */
  forkCopy(copy: string, name: string): Promise<Lab>;
  openTerminal(host: HostRef, options: { cols: number; rows: number; title: string }): Promise<Terminal>;
  listTerminals(lab: string): Promise<Terminal[]>;
  closeTerminal(lab: string, terminal: string): Promise<void>;
  /** Starts a program in the host; its shim answers at the path (commands.ts runs it). */
  exec(request: ExecRequest): Promise<{ socketPath: string }>;
  evidence(host: HostRef, options?: { details: boolean }): Promise<Evidence>;
  /** Reads outside the lab. */
  read(host: HostRef, readings: Reading[]): Promise<{ seq: number; found: Found[] }>;
  /** Has the watcher look, at most once a second, when something has run in the host; the returned function ends it. */
  watch(host: HostRef, watcher: Watcher): () => void;
  containerOutput(host: HostRef, container: string): Promise<{ stdout: string; stderr: string }>;
  journal(host: HostRef, since: number, onEntry: (entry: JournalEntry) => void): Journal;
  /** Published ports, now and at every change. */
  ports(host: HostRef, onPorts: (ports: PublishedPort[]) => void): Journal;
  /** Where connections into the host's network begin. */
  relay(host: HostRef): Promise<string>;
  release(): void;
}

/** Making or removing a lab on a loaded machine takes long; beyond this the engine hangs. */
const CALL_MS = 30_000;
const OUTPUT_BYTES = 65_536;

export function connectEngine(socketPath: string): Engine {
  const client = new RpcClient(socketPath, controlVerbs);
  // While the engine is away nothing can be read either; the journal's end tells of it (progress.ts).
  const activity = new Activity(hosts => inTime(client.call('activity', { hosts })), () => {});
  return {
    hello: () => inTime(client.call('hello', {})),
    listLabs: () => inTime(client.call('listLabs', {})),
    createLab: options => inTime(client.call('createLab', options)),
    resumeLab: lab => inTime(client.call('resumeLab', { lab })),
    suspendLab: async lab => void await inTime(client.call('suspendLab', { lab })),
    freezeLab: async lab => (await inTime(client.call('freezeLab', { lab }))).frozen,
    thawLab: async lab => void await inTime(client.call('thawLab', { lab })),
    figures: labs => inTime(client.call('figures', { labs })),
    room: () => inTime(client.call('room', {})),
    egress: () => inTime(client.call('egress', {})),
    setEgress: async (lab, wish) => { await inTime(client.call('setEgress', { lab, wish })); },
    disposeLab: async lab => {
      try {
        await inTime(client.call('disposeLab', { lab }));
      } catch (error) {
        if (asSlipwayError(error).kind !== 'NotFound') throw error;
      }
    },
    copies: async () => (await inTime(client.call('listSnapshots', {}))).filter(({ copyOf }) => copyOf !== null),
    saveCopy: lab => inTime(client.call('snapshotLab', { lab, name: 'copy', asCopy: true })),
    removeCopy: async copy => void await inTime(client.call('removeSnapshot', { snapshot: copy })),
    forkCopy: (copy, name) => inTime(client.call('forkSnapshot', { snapshot: copy, name })),
    openTerminal: (host, options) => inTime(client.call('openTerminal', { ...host, ...options })),
    listTerminals: lab => inTime(client.call('listTerminals', { lab })),
    closeTerminal: async (lab, terminal) => void await inTime(client.call('closeTerminal', { lab, terminal })),
    exec: request => inTime(client.call('exec', request)),
    evidence: (host, options) => inTime(client.call('evidence', { ...host, ...options })),
    read: (host, readings) => inTime(client.call('read', { ...host, readings })),
    watch: (host, watcher) => activity.watch(host, watcher),
    containerOutput: (host, container) => inTime(client.call('containerOutput', { ...host, container, maxBytes: OUTPUT_BYTES })),
    journal: (host, since, onEntry) => {
      // A connection of its own: closing it is how a streaming verb is told that nobody listens any more.
      const stream = new RpcClient(socketPath, controlVerbs);
      const ended = stream.call('journal', { ...host, since }, { onItem: onEntry }).then(() => { throw new SlipwayError('Unavailable', 'the journal ended'); });
      ended.catch(() => {}); // whoever is interested awaits it; after release nobody is
      return { ended, release: () => stream.close() };
    },
    ports: (host, onPorts) => {
      const stream = new RpcClient(socketPath, controlVerbs);
      const ended = stream.call('ports', host, { onItem: onPorts }).then(() => { throw new SlipwayError('Unavailable', 'the stream of ports ended'); });
      ended.catch(() => {});
      return { ended, release: () => stream.close() };
    },
    relay: async host => (await inTime(client.call('relay', host))).socketPath,
    release: () => client.close(),
  };
}

async function inTime<T>(call: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new SlipwayError('Unavailable', 'the engine took too long to answer')), CALL_MS);
  });
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(timer);
  }
}
