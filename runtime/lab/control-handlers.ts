// What answers the control verbs (control.ts): the web process and the operator's CLI. Glue only; the work is in labs.ts and terminals.ts.
import { randomBytes } from 'node:crypto';
import { inspect } from '../container/inspect.ts';
import { resolve } from '../container/resolve.ts';
import { taskSocket } from '../paths.ts';
import { detailsOf } from '../observe/details.ts';
import { observe } from '../observe/observe.ts';
import type { Handlers } from '../rpc.ts';
import type { ControlVerbs, JournalEntry } from './control.ts';
import { containerOutput } from './container-output.ts';
import type { Labs } from './labs.ts';
import { asUser, loginEnvironment } from './login.ts';
import type { EngineParts } from './open-host.ts';
import { streamPorts } from './published-ports.ts';
import { measureRoom, mostLabs, reserved, setMostLabs } from './room.ts';

export function controlHandlers(labs: Labs, parts: EngineParts, version: string): Handlers<ControlVerbs> {
  return {
    hello: async () => ({ pid: process.pid, version }),
    createLab: request => labs.create(request),
    listLabs: async () => labs.list(),
    inspectLab: ({ lab }) => labs.inspect(lab),
    disposeLab: async ({ lab }) => { await labs.dispose(lab); return {}; },
    snapshotLab: ({ lab, name, asCopy }) => labs.snapshot(lab, name, asCopy),
    listSnapshots: async () => labs.snapshots(),
    removeSnapshot: async ({ snapshot }) => { await labs.removeSnapshot(snapshot); return {}; },
    forkSnapshot: ({ snapshot, name }) => labs.fork(snapshot, name),
    suspendLab: async ({ lab }) => { await labs.suspend(lab); return {}; },
    resumeLab: ({ lab }) => labs.resume(lab),
    freezeLab: async ({ lab }) => ({ frozen: await labs.freeze(lab) }),
    thawLab: async ({ lab }) => { await labs.thaw(lab); return {}; },
    figures: ({ labs: only }) => labs.figures(only),
    setEgress: async ({ lab, wish }) => ({ allow: await labs.setEgress(lab, wish) }),
    egress: async () => {
      const { gates, ...permitted } = await parts.broker.call('egress', {});
      return { ...permitted, labs: [...new Set(gates.map(({ lab }) => lab))] };
    },
    egressChanged: async () => { await labs.mendEgress({ all: true }); return {}; },
    suspendAll: async () => ({ suspended: await labs.suspendAll() }),
    pool: async ({ min, max }) => {
      if (min !== undefined || max !== undefined) labs.pool.resize({ ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) });
      return labs.pool.state;
    },
    room: async ({ most }) => {
      if (most !== undefined) setMostLabs(most);
      return { ...measureRoom(), labs: { running: labs.running, most: mostLabs() }, reserve: reserved };
    },
    openTerminal: async ({ lab, host, ...options }) => {
      await labs.resume(lab);
      const { ref } = labs.host({ lab, host }).host;
      return labs.terminals.open(ref, { ...options, user: labs.record(lab).user });
    },
    listTerminals: async ({ lab }) => { labs.record(lab); return labs.terminals.list(lab); },
    closeTerminal: async ({ lab, terminal }) => { await labs.thaw(lab); await labs.terminals.hangUp(lab, terminal); return {}; },
    exec: async ({ lab, host, argv, env, cwd, tty, stdin, asLearner, deadlineMs }) => {
      await labs.resume(lab);
      const { ref } = labs.host({ lab, host }).host;
      const user = asLearner ? labs.record(lab).user : 'root';
      const task = `exec-${randomBytes(6).toString('hex')}`;
      await parts.broker.call('startTask', { ...ref, task: {
        id: task, cwd, argv: asUser(user, argv), env: [...loginEnvironment(user), ...(tty ? ['TERM=xterm-256color'] : []), ...env],
        io: tty ? { kind: 'pty', cols: tty.cols, rows: tty.rows } : { kind: 'pipes', stdin }, wait: { for: 'own' }, ...(deadlineMs === undefined ? {} : { deadlineMs }),
      } });
      return { task, socketPath: taskSocket(ref.lab, ref.host, task) };
    },
    evidence: async ({ details, ...ref }) => {
      const { host, images } = labs.host(ref);
      const containers = await Promise.all([...host.containers.values()].map(container => inspect(host, container, { size: false })));
      return { seq: host.journal.seq, containers, images: images.list() as unknown as Record<string, unknown>[], ...(details ? { details: detailsOf(host, images) } : {}) };
    },
    read: async ({ readings, ...ref }) => {
      const { host, images } = labs.host(ref);
      const { seq } = host.journal;
      return { seq, found: await observe(host, images, readings) };
    },
    activity: ({ hosts }) => parts.broker.call('activity', { hosts }),
    journal: async ({ since, ...ref }, { emit, signal }) => {
      const { host } = labs.host(ref);
      await stream(host.journal, since, emit, AbortSignal.any([signal, host.closing.signal]));
      return {};
    },
    ports: async (ref, { emit, signal }) => {
      const { host } = labs.host(ref);
      await streamPorts(host, emit, AbortSignal.any([signal, host.closing.signal]));
      return {};
    },
    relay: async ref => parts.broker.call('relay', labs.host(ref).host.ref),
    containerOutput: async ({ container, maxBytes, ...ref }) => {
      const { host } = labs.host(ref);
      return containerOutput(host.ref, resolve(host, container).record.id, maxBytes);
    },
  };
}

/** In order, without gaps, at the pace of who listens. */
async function stream(journal: { since(since: number): JournalEntry[]; subscribe(listener: () => void): () => void }, since: number, emit: (entry: JournalEntry) => Promise<void>, signal: AbortSignal) {
  let wake = () => {};
  let last = since;
  const unsubscribe = journal.subscribe(() => wake());
  const onAbort = () => wake();
  signal.addEventListener('abort', onAbort);
  try {
    while (!signal.aborted) {
      const more = new Promise<void>(resolve => { wake = resolve; });
      const entries = journal.since(last);
      for (const entry of entries) {
        if (signal.aborted) return;
        await emit(entry);
        last = entry.seq;
      }
      if (entries.length === 0) await more;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    unsubscribe();
  }
}
