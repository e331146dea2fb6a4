// Journals for the tests of this folder, in the order in which the engine writes them for the commands of the same name.
import type { ApiCall, Evidence, JournalEntry } from '../../runtime/lab/control.ts';
import type { Context } from './track.ts';
import type { World } from './world.ts';

/** A moment at which trackers are asked, with nothing read outside unless told. */
export const contextOf = (world: World, more: Partial<Context> = {}): Context => ({ world, openedSeq: 0, outputs: new Map(), readings: { get: () => undefined }, movedSeq: 0, eventSeq: 0, nowMs: Date.now(), openedMs: 0, ...more });

export const idOf = (name: string) => Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64);

export class Lab {
  readonly entries: JournalEntry[] = [];
  readonly evidence: Evidence = { seq: 0, containers: [], images: [] };
  private listeners: ((entry: JournalEntry) => void)[] = [];

  onEntry(listener: (entry: JournalEntry) => void) { this.listeners.push(listener); }

  event(action: string, name: string, image: string, more: Record<string, string> = {}, type = 'container') {
    const id = type === 'container' ? idOf(more.originally ?? name) : name;
    const { originally: _, ...attributes } = more;
    const timeNano = Date.now() * 1e6;
    if (type === 'container') this.record(action, id, attributes, name, image);
    this.add({ kind: 'event', seq: this.entries.length + 1, event: { Type: type, Action: action, Actor: { ID: id, Attributes: { image, name, ...attributes } }, scope: 'local', time: Math.floor(timeNano / 1e9), timeNano } });
  }

  call(method: string, path: string, status = 200, more: Partial<ApiCall> = {}) {
    this.add({ kind: 'call', seq: this.entries.length + 1, call: { method, path, status, query: {}, timeNano: Date.now() * 1e6, ...more } });
  }

  create(name: string, image: string, { named = true } = {}) {
    this.event('create', name, image);
    this.call('POST', '/containers/create', 201, { query: named ? { name } : {} });
  }
  start(name: string, image: string) {
    this.event('start', name, image);
    this.call('POST', `/containers/${name}/start`, 204, { container: { id: idOf(name), name } });
  }
  die(name: string, image: string, exitCode = 0) { this.event('die', name, image, { exitCode: String(exitCode) }); }
  runDetached(name: string, image: string, options = {}) { this.create(name, image, options); this.start(name, image); }
  runToEnd(name: string, image: string, exitCode = 0) {
    this.create(name, image);
    this.event('attach', name, image);
    this.start(name, image);
    this.die(name, image, exitCode);
  }
  stop(name: string, image: string) {
    this.event('kill', name, image, { signal: '15' });
    this.die(name, image);
    this.event('stop', name, image);
    this.call('POST', `/containers/${name}/stop`, 204, { container: { id: idOf(name), name } });
  }
  remove(name: string, image: string) {
    this.event('destroy', name, image);
    this.call('DELETE', `/containers/${name}`, 204, { container: { id: idOf(name), name } });
  }

  /** Keeps the engine's own records as they would be. */
  private record(action: string, id: string, attributes: Record<string, string>, name: string, image: string) {
    const all = this.evidence.containers;
    const at = all.findIndex(container => container.Id === id);
    if (action === 'create') all.push({ Id: id, Name: `/${name}`, Path: 'sleep', Args: [], Image: 'sha256:0', Config: { Image: image, Tty: false, OpenStdin: false, Labels: {} }, HostConfig: { AutoRemove: false }, State: { Status: 'created', ExitCode: 0 } });
    if (at < 0) return;
    const container = all[at]!;
    if (action === 'start') container.State = { Status: 'running', ExitCode: 0, StartedAt: new Date().toISOString() };
    if (action === 'die') container.State = { Status: 'exited', ExitCode: Number(attributes.exitCode) };
    if (action === 'rename') container.Name = `/${name}`;
    if (action === 'destroy') all.splice(at, 1);
  }

  private add(entry: JournalEntry) {
    this.entries.push(entry);
    this.evidence.seq = entry.seq;
    for (const listener of this.listeners) listener(entry);
  }
}
