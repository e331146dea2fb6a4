// Previews of a lab's ports: which there are, the link that opens one, and what answers at the other end. Joins ports.ts (what the engine
// tells), pass.ts, closings.ts and shares.ts (who may), address.ts (where) and proxy.ts (the way there); wired by main.ts, asked by the gateway and visits.ts.
import type { IncomingMessage, Server } from 'node:http';
import { asSlipwayError, SlipwayError } from '../../runtime/errors.ts';
import { dialThrough } from '../../runtime/kernel/dial.ts';
import type { HostRef } from '../../runtime/kernel/protocol.ts';
import type { Io } from '../gateway.ts';
import type { Store } from '../data/store.ts';
import type { Engine } from '../lab/engine.ts';
import { say } from '../../texts/server.ts';
import { Refusal } from '../lab/refusal.ts';
import type { Workspace } from '../lab/workspace.ts';
import type { PortView, ShareView } from '../protocol.ts';
import { framesFor, PATH_PREFIX, siteOrigin, type Target, type Way, type Ways, wayTo } from './address.ts';
import type { Closings } from './closings.ts';
import { createPasses, type PassOptions } from './pass.ts';
import { createPortWatch, shown as shownPorts } from './ports.ts';
import { servePreviews } from './proxy.ts';
import { sharedPath } from './sandboxed.ts';
import { SHARED_PATH, type Shares } from './shares.ts';

export interface Previews {
  /** Stands before everything else on the server. */
  serve(http: Server): void;
  /** Of the lab that the page shows; watched from then on, as long as a tab shows it. */
  ports(workspace: Workspace): PortView[];
  open(workspace: Workspace, port: number, page: IncomingMessage, options: { pane: boolean }): OpenedPort;
  /** For whoever may, which the caller knows. */
  openFor(learner: string, target: Target, page: IncomingMessage, options?: PassOptions): OpenedPort;
  /** What a page may show in panes. */
  frames(page: IncomingMessage): string | undefined;
  /** Links for others (shares.ts). */
  share(workspace: Workspace, port: number, minutes: number, page: IncomingMessage): Promise<{ url: string; shares: ShareView[] }>;
  shares(workspace: Workspace, port: number): { shares: ShareView[] };
  unshare(workspace: Workspace, port: number, id: string): Promise<{ shares: ShareView[] }>;
  /** Everybody who is in, and every link: out. */
  closeAll(workspace: Workspace): Promise<{ shares: ShareView[] }>;
  /** This browser is somebody else now: who has come in as this learner goes out, wherever they are. */
  signedOut(learner: string): Promise<void>;
  /** Its lab is another one, or has become ready, or is gone. */
  labChanged(workspace: string): void;
  release(): void;
}

/** `sandboxed`: on the site's own origin, where some pages break (docs/previews.md). */
export interface OpenedPort { url: string; sandboxed: boolean; }

export interface PreviewOptions {
  io: Io;
  engine: Pick<Engine, 'ports' | 'read' | 'watch' | 'relay' | 'listLabs'>;
  store: Pick<Store, 'labs'>;
  secret: Buffer;
  shares: Shares;
  closings: Closings;
  publicUrl: URL | undefined;
  ways: Ways;
  learnerOf: (request: IncomingMessage) => string | undefined;
  isHttps: (request: IncomingMessage) => boolean;
  onError: (error: unknown) => void;
}

const ROOM = /^workspace:(.+)$/;

export function createPreviews(options: PreviewOptions): Previews {
  const { io, engine, shares, closings, ways, isHttps, onError } = options;
  const passes = createPasses(options.secret, closings.isClosed);
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
      servePreviews(http, {
        domains: [...(ways.domain ? [ways.domain] : []), 'localhost'], passes, closings, shares, isHttps, onError, dial, more,
        sandboxed: ways.mode === 'auto' || ways.mode === 'path' ? { learnerOf: options.learnerOf, siteOf: request => siteOrigin(pageOf(request)) } : undefined,
      });
    },
    ports(workspace) {
      shown.set(workspace.record.id, workspace);
      show(workspace);
      return shownPorts(watch.ports(workspace.record.id));
    },
    open(workspace, port, page, { pane }) {
      const { target } = place(workspace, port, page);
      return opened(workspace.record.learner, target, page, { pane });
    },
    openFor: opened,
    frames: page => framesFor(pageOf(page), ways),
    async share(workspace, port, minutes, page) {
      const { target, way } = place(workspace, port, page);
      const { token } = await shares.make(workspace.record.id, target, minutes * 60_000);
      return { url: `${way.origin}${way.kind === 'path' ? sharedPath(target, token) : `${SHARED_PATH}?token=${token}`}`, shares: shares.list(workspace.record.id, target) };
    },
    shares: listed,
    async unshare(workspace, port, id) {
      await shares.revoke(workspace.record.id, id);
      return listed(workspace, port);
    },
    async closeAll(workspace) {
      await Promise.all([shares.keepOnly(workspace.record.id, ''), ...(workspace.host ? [closings.close(workspace.host.lab)] : [])]);
      return { shares: [] };
    },
    async signedOut(learner) {
      for (const { lab } of await options.store.labs(learner)) await closings.close(lab);
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
  function place(workspace: Workspace, port: number, page: IncomingMessage): { target: Target; way: Way } {
    const { host } = workspace;
    if (!host) throw new Refusal(say('lab.notReady'));
    if (!watch.ports(workspace.record.id).some(p => p.port === port && p.protocol === 'tcp')) throw new Refusal(say('port.notPublished'));
    const target: Target = { lab: host.lab, port };
    hosts.set(host.lab, host);
    return { target, way: wayFor(target, page) };
  }

  function opened(learner: string, target: Target, page: IncomingMessage, asked: PassOptions = {}): OpenedPort {
    const way = wayFor(target, page);
    if (asked.pane && framesFor(pageOf(page), ways) === undefined) throw new Refusal(say('port.noPane'));
    if (way.kind === 'path') return { url: `${way.origin}${PATH_PREFIX}${passes.segment(target, learner, asked)}/`, sandboxed: true };
    return { url: `${way.origin}${passes.link(target, asked)}`, sandboxed: false };
  }

  function wayFor(target: Target, page: IncomingMessage): Way {
    const way = wayTo(target, pageOf(page), ways);
    if (!way) throw new Refusal(say(ways.mode === 'off' ? 'port.off' : 'port.noPreviews'));
    return way;
  }

  /** The site's page about a port. On a preview's origin the site's own is known when the operator has said it, or when it is localhost. */
  function more({ lab, port }: Target, request: IncomingMessage): string | undefined {
    const host = options.publicUrl?.host ?? request.headers.host?.replace(/^\d+-[a-z0-9]+\.(?=localhost(?::|$))/i, '');
    const site = host && (!ways.domain || options.publicUrl || !host.endsWith(ways.domain)) ? siteOrigin({ host, https: isHttps(request) }) : undefined;
    return site && `${site}/ports/${lab}/${port}`;
  }

  function listed(workspace: Workspace, port: number) {
    return { shares: workspace.host ? shares.list(workspace.record.id, { lab: workspace.host.lab, port }) : [] };
  }

  /** A pass outlives this process; which host is meant is asked again then. */
  async function dial({ lab, port }: Target) {
    const known = hosts.get(lab) ?? await firstHost(lab);
    hosts.set(lab, known);
    try {
      const relay = await engine.relay(known);
      // Development servers listen on what `localhost` means to them, which may be ::1 alone.
      return await dialThrough(relay, '127.0.0.1', port).catch(error => dialThrough(relay, '::1', port).catch(() => { throw error; }));
    } catch (error) {
      const { kind, message } = asSlipwayError(error);
      if (kind === 'NotFound') {
        hosts.delete(lab);
        closings.forget(lab);
      }
      if (kind === 'Unavailable' && !message.startsWith('dial ') && (await stateOf(lab)) === 'suspended') throw new SlipwayError('Conflict', `lab ${lab} sleeps`, { cause: error });
      throw error;
    }
  }

  async function stateOf(lab: string) {
    return engine.listLabs().then(labs => labs.find(one => one.id === lab)?.state, () => undefined);
  }

  async function firstHost(lab: string): Promise<HostRef> {
    const host = (await engine.listLabs()).find(known => known.id === lab)?.hosts[0];
    if (!host) throw new SlipwayError('NotFound', `no such lab: ${lab}`);
    return { lab, host: host.id };
  }
}
