// The terminals of a workspace's lab as the web process holds them: found again, opened, shared by all tabs. Owned by workspace.ts, which says which lab.
import type { HostRef } from '../../runtime/kernel/protocol.ts';
import type { Lab, Terminal } from '../../runtime/lab/control.ts';
import type { Text } from '../../texts/language.ts';
import { say } from '../../texts/server.ts';
import type { TerminalView } from '../protocol.ts';
import { HubTerminal, reasonOf, type Size } from '../terminal/terminal.ts';
import type { Screens } from '../terminal/screens.ts';
import type { Engine } from './engine.ts';
import { Refusal } from './refusal.ts';
import type { Announce } from './announce.ts';

const MAX_TERMINALS = 8;
/** Until the first browser has said its own. */
const FIRST_SIZE: Size = { cols: 80, rows: 24 };

export interface LabTerminalsOptions {
  engine: Engine;
  screens: Screens;
  announce: Announce;
  onError: (error: unknown) => void;
  /** A shim has gone without a word: there is reason to doubt the lab. */
  onLost: () => void;
}

export class LabTerminals {
  private readonly options: LabTerminalsOptions;
  private readonly all = new Map<string, { info: Terminal; hub: HubTerminal }>();
  private readonly opening = new Map<string, Promise<TerminalView>>();

  constructor(options: LabTerminalsOptions) { this.options = options; }

  get views(): TerminalView[] { return [...this.all.values()].map(open => viewOf(open.info)); }

  find(id: string): HubTerminal {
    const open = this.all.get(id);
    if (!open) throw new Refusal(say('lab.noTerminal'));
    return open.hub;
  }

  /** With a title: the terminal of that name, opened when there is none. Throws a Refusal when there are too many. */
  async open(at: HostRef, size: Size, title?: string): Promise<TerminalView> {
    if (title === undefined) return this.openNew(at, size);
    const known = [...this.all.values()].find(open => open.info.title === title);
    if (known) return viewOf(known.info);
    const opening = this.opening.get(title) ?? this.openNew(at, size, title).finally(() => this.opening.delete(title));
    this.opening.set(title, opening);
    return opening;
  }

  /** The terminals that the lab has, or its first one. */
  async reattach(lab: Lab) {
    const host = lab.hosts[0];
    if (!host) throw new Error(`lab ${lab.id} has no host`);
    for (const info of await this.options.engine.listTerminals(lab.id)) {
      if (this.all.has(info.id)) continue;
      try {
        await this.connect(info, FIRST_SIZE);
        this.options.announce('terminal:opened', viewOf(info));
      } catch {
        await this.options.engine.closeTerminal(lab.id, info.id).catch(this.options.onError); // its shim is gone
      }
    }
    if (!this.all.size) await this.openNew({ lab: lab.id, host: host.id }, FIRST_SIZE);
  }

  async close(id: string) {
    const open = this.all.get(id);
    if (!open) return;
    this.forget(id, say('lab.closed'));
    await this.options.engine.closeTerminal(open.info.lab, id);
  }

  /** All of them, as far as the tabs are concerned: the lab has gone, or sleeps. */
  forgetAll(reason: Text) {
    for (const id of this.all.keys()) this.forget(id, reason);
  }

  /** Nobody is told; the shells run on. */
  release() {
    for (const open of this.all.values()) open.hub.release();
    this.all.clear();
  }

  private async openNew(at: HostRef, size: Size, title?: string): Promise<TerminalView> {
    if (this.all.size >= MAX_TERMINALS) throw new Refusal(say('lab.tooManyTerminals', { count: MAX_TERMINALS }));
    const numbers = [...this.all.values()].map(open => Number(/^Terminal (\d+)$/.exec(open.info.title)?.[1] ?? 0));
    const info = await this.options.engine.openTerminal(at, { ...size, title: title ?? `Terminal ${Math.max(0, ...numbers) + 1}` });
    await this.connect(info, size);
    this.options.announce('terminal:opened', viewOf(info));
    return viewOf(info);
  }

  private async connect(info: Terminal, size: Size) {
    const hub = await HubTerminal.open(info.socketPath, this.options.screens, size, end => {
      this.forget(info.id, reasonOf(end));
      if (end.kind === 'lost') this.options.onLost();
    });
    this.all.set(info.id, { info, hub });
  }

  private forget(id: string, reason: Text) {
    const open = this.all.get(id);
    if (!open) return;
    this.all.delete(id);
    open.hub.release();
    this.options.announce('terminal:closed', id, reason);
  }
}

const viewOf = (terminal: Terminal): TerminalView => ({ id: terminal.id, title: terminal.title });
