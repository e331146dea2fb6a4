// Terminals: login shells on a pty, held by shims, so that they outlive the engine and the web process. Keystrokes never come here.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { SlipwayError } from '../errors.ts';
import { writeJson } from '../container/records.ts';
import { timestamp } from '../container/time.ts';
import { idSchema, type HostRef } from '../kernel/protocol.ts';
import { ShimConnection } from '../kernel/shim.ts';
import { engineDir, taskSocket } from '../paths.ts';
import { asUser, loginEnvironment, type LoginUser } from './login.ts';
import { lastScreen } from './screen.ts';
import { terminalSchema, type Terminal } from './control.ts';
import type { EngineParts } from './open-host.ts';

const RING_BYTES = 262_144; // of earlier output, for who attaches later
const HANGUP_PATIENCE_MS = 1_000;
const SIGHUP = 1;

/** One that knows colours. */
const TERMINAL_ENVIRONMENT = ['TERM=xterm-256color', 'COLORTERM=truecolor'];

export class Terminals {
  private readonly byLab = new Map<string, Map<string, { terminal: Terminal; shim: ShimConnection }>>();
  private readonly parts: Pick<EngineParts, 'broker' | 'onError'>;
  private closing = false;
  constructor(parts: Pick<EngineParts, 'broker' | 'onError'>) {
    this.parts = parts;
  }

  /** With `history` it first shows that: the last screen of a terminal whose place it takes. */
  async open(ref: HostRef, options: { cols: number; rows: number; title: string; user: LoginUser; history?: string }): Promise<Terminal> {
    const id = `term-${randomBytes(6).toString('hex')}`;
    const terminal: Terminal = { id, lab: ref.lab, host: ref.host, title: options.title, createdAt: timestamp(), socketPath: taskSocket(ref.lab, ref.host, id) };
    const screen = `/run/.${id}`;
    await this.parts.broker.call('startTask', { ...ref, task: {
      id, cwd: '/root', env: [...loginEnvironment(options.user), ...TERMINAL_ENVIRONMENT],
      ...(options.history === undefined ? { argv: asUser(options.user, ['/bin/bash', '-l']) } : {
        before: [{ do: 'write', path: screen, mode: 0o600, text: options.history }],
        argv: ['/bin/bash', '-c', 'cat "$0"; rm -f "$0"; exec "$@"', screen, ...asUser(options.user, ['/bin/bash', '-l'])],
      }),
      io: { kind: 'pty', cols: options.cols, rows: options.rows }, wait: { for: 'own' }, ringBytes: RING_BYTES, go: true,
    } });
    await this.hold(terminal);
    this.save(ref.lab);
    return terminal;
  }

  list(lab: string): Terminal[] { return [...(this.byLab.get(lab)?.values() ?? [])].map(held => held.terminal); }

  /** A hang-up, and the end of its shim if the shell does not care. */
  async hangUp(lab: string, id: string): Promise<void> {
    const held = this.byLab.get(lab)?.get(id);
    if (!held) throw new SlipwayError('NotFound', `no such terminal: ${id}`);
    const { terminal, shim } = held;
    const ended = new Promise<boolean>(resolve => shim.once('end', () => resolve(true)));
    shim.signal(SIGHUP);
    const patience = new AbortController();
    const inTime = await Promise.race([ended, delay(HANGUP_PATIENCE_MS, false, { signal: patience.signal }).catch(() => false)]);
    patience.abort();
    if (!inTime) await this.parts.broker.call('killTask', { lab, host: terminal.host, task: id });
    await ended;
  }

  /** Hangs all up, and keeps the last screen of each for `reopen`. */
  async putAway(lab: string): Promise<void> {
    const held = [...(this.byLab.get(lab)?.values() ?? [])];
    const kept = await Promise.all(held.map(async ({ terminal }) => ({ host: terminal.host, title: terminal.title, output: await lastOutput(terminal.socketPath).catch(() => '') })));
    this.forget(lab);
    writeJson(screensFile(lab), kept);
    writeJson(terminalsFile(lab), []);
  }

  /** New shells in the places of those that were put away. */
  async reopen(lab: string, user: LoginUser): Promise<void> {
    if (!existsSync(screensFile(lab))) return;
    for (const { host, title, output } of keptSchema.parse(JSON.parse(readFileSync(screensFile(lab), 'utf8')))) {
      await this.open({ lab, host }, { cols: 80, rows: 24, title, user, history: lastScreen(output) });
    }
    rmSync(screensFile(lab));
  }

  /** Those whose shim still answers. */
  async restore(lab: string): Promise<void> {
    for (const terminal of load(lab)) {
      try {
        await this.hold(terminal);
      } catch {
        this.forgetTask(terminal); // it ended while there was no engine
      }
    }
    this.save(lab);
  }

  forget(lab: string) {
    for (const { shim } of this.byLab.get(lab)?.values() ?? []) shim.close();
    this.byLab.delete(lab);
  }

  /** The engine goes; terminals live on. */
  close() {
    this.closing = true;
    for (const terminals of this.byLab.values()) for (const { shim } of terminals.values()) shim.close();
  }

  private async hold(terminal: Terminal) {
    const shim = await ShimConnection.open(terminal.socketPath);
    const terminals = this.byLab.get(terminal.lab) ?? new Map<string, { terminal: Terminal; shim: ShimConnection }>();
    this.byLab.set(terminal.lab, terminals.set(terminal.id, { terminal, shim }));
    shim.once('end', () => {
      if (this.closing || this.byLab.get(terminal.lab) !== terminals) return;
      terminals.delete(terminal.id);
      this.save(terminal.lab);
      this.forgetTask(terminal);
    });
  }

  private forgetTask({ lab, host, id }: Terminal) {
    this.parts.broker.call('forgetTask', { lab, host, task: id }).catch(error => this.parts.onError(error, { lab, terminal: id }));
  }

  private save(lab: string) {
    if (this.byLab.has(lab)) writeJson(terminalsFile(lab), this.list(lab));
  }
}

/** Everything the shim has kept, up to the shell's end. */
async function lastOutput(socketPath: string): Promise<string> {
  const shim = await ShimConnection.open(socketPath);
  const chunks: Buffer[] = [];
  shim.on('output', (_stream, data) => chunks.push(Buffer.from(data)));
  const ended = new Promise<void>(resolve => shim.once('end', () => resolve()));
  shim.subscribe({ ring: true });
  shim.signal(SIGHUP);
  const patience = setTimeout(() => shim.close(), HANGUP_PATIENCE_MS);
  await ended;
  clearTimeout(patience);
  shim.close();
  return Buffer.concat(chunks).toString('utf8');
}

const keptSchema = z.array(z.object({ host: idSchema, title: z.string(), output: z.string() }));
const screensFile = (lab: string) => join(engineDir, 'labs', lab, 'screens.json');
const terminalsFile = (lab: string) => join(engineDir, 'labs', lab, 'terminals.json');

function load(lab: string): Terminal[] {
  const path = terminalsFile(lab);
  return existsSync(path) ? z.array(terminalSchema).parse(JSON.parse(readFileSync(path, 'utf8'))) : [];
}
