// Previews of a lab's ports: which there are, the link that opens one, and what answers at the other end. Joins ports.ts (what the engine
// tells), pass.ts (who may) and proxy.ts (the way there); wired by main.ts, asked by the gateway.
import type { IncomingMessage, Server } from 'node:http';
import { SlipwayError } from '../../runtime/errors.ts';
import { dialThrough } from '../../runtime/kernel/dial.ts';
import type { HostRef } from '../../runtime/kernel/protocol.ts';
import type { Io } from '../gateway.ts';
import type { Engine } from '../lab/engine.ts';
import { say } from '../../texts/server.ts';
import { Refusal } from '../lab/refusal.ts';
import type { Workspace } from '../lab/workspace.ts';
import type { PortView, ShareView } from '../protocol.ts';
import { framesFor, originFor, type Target } from './address.ts';
import { createPasses } from './pass.ts';
import { createPortWatch } from './ports.ts';
import { servePreviews } from './proxy.ts';
import { SHARED_PATH, type Shares } from './shares.ts';

export interface Previews {
  /** Stands before everything else on the server. */
  serve(http: Server): void;
  /** Of the lab that the page shows; watched from then on, as long as a tab shows it. */
  ports(workspace: Workspace): PortView[];
  link(workspace: Workspace, port: number, page: IncomingMessage, options: { pane: boolean }): Promise<string>;
  /** What a page may show in panes. */
  frames(page: IncomingMessage): string | undefined;
  /** Links for others (shares.ts). */
  share(workspace: Workspace, port: number, minutes: number, page: IncomingMessage): Promise<{ url: string; shares: ShareView[] }>;
  shares(workspace: Workspace, port: number): { shares: ShareView[] };
  unshare(workspace: Workspace, port: number, id: string): Promise<{ shares: ShareView[] }>;
  /** Its lab is another one, or has become ready, or is gone. */
  labChanged(workspace: string): void;
  release(): void;
}

export interface PreviewOptions {
  io: Io;
  engine: Pick<Engine, 'ports' | 'read' | 'watch' | 'relay' | 'listLabs'>;
  secret: Buffer;
  shares: Shares;
  publicUrl: URL | undefined;
  domain: string | undefined;
  isHttps: (request: IncomingMessage) => boolean;
  onError: (error: unknown) => void;
}

const ROOM = /^workspace:(.+)$/;

export function createPreviews(options: PreviewOptions): Previews {
  const { io, engine, shares, domain, isHttps, onError } = options;
  const passes = createPasses(options.secret);
  const pageOf = (page: IncomingMessage) => ({ host: options.publicUrl?.host ?? page.headers.host, https: isHttps(page) });
  const shown = new Map<string, Workspace>();
  const hosts = new Map<string, HostRef>(); // lab → the host whose ports are meant
  const watch = createPortWatch({ engine, onError, announce: (workspace, ports) => void io.to(`workspace:${workspace}`).emit('lab:ports', ports) });
  const show = (workspace: Workspace) => watch.show(workspace.record.id, workspace.host, () => workspace.wakefulness.presence.isSeen);
  const onEmpty = (room: string) => {
    const workspace = ROOM.exec(room)?.[1];
    if (workspace === undefined) return;
    watch.hide(workspace);
    shown.delete(workspace);
  };
  io.of('/').adapter.on('delete-room', onEmpty);

  return {
    serve(http) {
      servePreviews(http, { domains: [...(domain ? [domain] : []), 'localhost'], passes, shares, isHttps, onError, dial });
    },
    ports(workspace) {
      shown.set(workspace.record.id, workspace);
      show(workspace);
      return watch.ports(workspace.record.id);
    },
    async link(workspace, port, page, { pane }) {
      const { target, origin } = place(workspace, port, page);
      if (pane && framesFor(pageOf(page), domain) === undefined) throw new Refusal(say('port.noPane'));
      return `${origin}${passes.link(target, { pane })}`;
    },
    frames: page => framesFor(pageOf(page), domain),
    async share(workspace, port, minutes, page) {
      const { target, origin } = place(workspace, port, page);
      const { token } = await shares.make(workspace.record.id, target, minutes * 60_000);
      return { url: `${origin}${SHARED_PATH}?token=${token}`, shares: shares.list(workspace.record.id, target) };
    },
    shares: listed,
    async unshare(workspace, port, id) {
      await shares.revoke(workspace.record.id, id);
      return listed(workspace, port);
    },
    labChanged(id) {
      const workspace = shown.get(id);
      if (!workspace) return;
      show(workspace);
      if (workspace.host) shares.keepOnly(id, workspace.host.lab).catch(onError);
    },
    release() {
      io.of('/').adapter.off('delete-room', onEmpty);
      watch.release();
      shares.release();
    },
  };

  /** Of a port that can be opened now. */
  function place(workspace: Workspace, port: number, page: IncomingMessage): { target: Target; origin: string } {
    const { host } = workspace;
    if (!host) throw new Refusal(say('lab.notReady'));
    if (!watch.ports(workspace.record.id).some(p => p.port === port)) throw new Refusal(say('port.notPublished'));
    const target: Target = { lab: host.lab, port };
    const origin = originFor(target, pageOf(page), domain);
    if (!origin) throw new Refusal(say('port.noPreviews'));
    hosts.set(host.lab, host);
    return { target, origin };
  }

  function listed(workspace: Workspace, port: number) {
    return { shares: workspace.host ? shares.list(workspace.record.id, { lab: workspace.host.lab, port }) : [] };
  }

  /** A pass outlives this process; which host is meant is asked again then. */
  async function dial({ lab, port }: Target) {
    const known = hosts.get(lab) ?? await firstHost(lab);
    hosts.set(lab, known);
    try {
      return await dialThrough(await engine.relay(known), '127.0.0.1', port);
    } catch (error) {
      if (error instanceof SlipwayError && error.kind === 'NotFound') hosts.delete(lab);
      throw error;
    }
  }

  async function firstHost(lab: string): Promise<HostRef> {
    const host = (await engine.listLabs()).find(known => known.id === lab)?.hosts[0];
    if (!host) throw new SlipwayError('NotFound', `no such lab: ${lab}`);
    return { lab, host: host.id };
  }
}
