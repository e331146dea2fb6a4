import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EngineEvent } from './control.ts';
import { createEventBus } from './events.ts';
import { openJournal } from './journal.ts';

let dir: string;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'journal-')); });
afterEach(() => rmSync(dir, { recursive: true }));

const fail = (error: unknown) => { throw error; };
const event = (Action: string): EngineEvent => ({ Type: 'container', Action, Actor: { ID: 'x', Attributes: {} }, scope: 'local', time: 1, timeNano: 1 });

describe('a host\'s journal', () => {
  it('goes on counting after a restart, and keeps what was before', async () => {
    const path = join(dir, 'sub', 'journal.jsonl');
    const first = openJournal(path, fail);
    first.event(event('create'));
    first.event(event('start'));
    first.close();
    const second = openJournal(path, fail);
    second.event(event('die'));
    expect(second.since(1).map(e => [e.seq, e.kind === 'event' && e.event.Action])).toEqual([[2, 'start'], [3, 'die']]);
    second.close();
  });

  it('leaves out a line that a crash has cut', async () => {
    const path = join(dir, 'journal.jsonl');
    const first = openJournal(path, fail);
    first.event(event('create'));
    first.close();
    appendFileSync(path, '{"kind":"event","seq":2,"ev');
    const second = openJournal(path, fail);
    expect(second.seq).toBe(1);
    second.close();
  });

  it('tells who listens, until they leave', async () => {
    const journal = openJournal(join(dir, 'journal.jsonl'), fail);
    const seen: number[] = [];
    const leave = journal.subscribe(entry => seen.push(entry.seq));
    journal.event(event('a'));
    leave();
    journal.event(event('b'));
    expect(seen).toEqual([1]);
    journal.close();
  });
});

describe('the event bus', () => {
  it('keeps the newest events, also those from before a restart', () => {
    const bus = createEventBus(() => 5_000_000_001n, [event('old')]);
    bus.emit('container', 'start', 'id', { name: 'x' });
    expect(bus.past().map(e => e.Action)).toEqual(['old', 'start']);
    expect(bus.past()[1]).toMatchObject({ time: 5, timeNano: 5_000_000_001, scope: 'local' });
  });
});
