// Which ports of the labs that somebody looks at can be opened: those that containers publish, as the engine tells it (one stream per workspace that has
// a tab open), and those that the lab itself listens on (listening.ts). The tabs are told of every change. Knows nothing of sockets.
import { asSlipwayError } from '../../runtime/errors.ts';
import type { HostRef } from '../../runtime/kernel/protocol.ts';
import type { Engine } from '../lab/engine.ts';
import type { PortView } from '../protocol.ts';
import { watchListening } from './listening.ts';

/** A container may publish tens of thousands; a page is told of so many. All can be opened. */
const MAX_SHOWN = 300;
export const shown = (ports: PortView[]): PortView[] => ports.slice(0, MAX_SHOWN);

export interface PortWatch {
  /** A tab shows this workspace's lab. Idempotent; a lab that is not ready has no ports. */
  show(workspace: string, host: HostRef | undefined, isSeen: () => boolean): void;
  /** No tab shows it any more. */
  hide(workspace: string): void;
  ports(workspace: string): PortView[];
  release(): void;
}

const RETRY_MS = 1000;

export function createPortWatch(options: { engine: Pick<Engine, 'ports' | 'read' | 'watch'>; announce: (workspace: string, ports: PortView[]) => void; onError: (error: unknown) => void }): PortWatch {
  const watched = new Map<string, { lab: string; published: PortView[]; listening: number[]; stop: () => void }>();

  const portsOf = (workspace: string): PortView[] => {
    const { published = [], listening = [] } = watched.get(workspace) ?? {};
    const taken = new Set(published.filter(one => one.protocol === 'tcp').map(one => one.port));
    return [...published, ...listening.filter(port => !taken.has(port)).map(port => ({ port, containerPort: port, container: null, protocol: 'tcp' as const }))];
  };
  const tell = (workspace: string, change: { published: PortView[] } | { listening: number[] }) => {
    const entry = watched.get(workspace);
    if (entry) Object.assign(entry, change);
    options.announce(workspace, shown(portsOf(workspace)));
  };
  const hide = (workspace: string) => {
    const entry = watched.get(workspace);
    watched.delete(workspace);
    entry?.stop();
  };

  function watch(workspace: string, host: HostRef): () => void {
    let stream = options.engine.ports(host, published => tell(workspace, { published }));
    let timer: NodeJS.Timeout | undefined;
    let stopped = false;
    const again = () => stream.ended.catch((error: unknown) => {
      stream.release();
      const { kind } = asSlipwayError(error);
      if (stopped) return;
      if (kind === 'NotFound') return tell(workspace, { published: [] });
      if (kind !== 'Unavailable') options.onError(error);
      timer = setTimeout(() => {
        stream = options.engine.ports(host, published => tell(workspace, { published }));
        void again();
      }, RETRY_MS);
    });
    void again();
    return () => {
      stopped = true;
      clearTimeout(timer);
      stream.release();
    };
  }

  return {
    show(workspace, host, isSeen) {
      if (watched.get(workspace)?.lab === host?.lab) return;
      const had = portsOf(workspace).length;
      hide(workspace);
      if (had) options.announce(workspace, []);
      if (host) {
        const entry = { lab: host.lab, published: [], listening: [], stop: () => {} };
        watched.set(workspace, entry);
        const ends = [watch(workspace, host), watchListening({ engine: options.engine, host, isSeen, tell: listening => tell(workspace, { listening }), onError: options.onError })];
        entry.stop = () => { for (const end of ends) end(); };
      }
    },
    hide,
    ports: portsOf,
    release() { for (const workspace of watched.keys()) hide(workspace); },
  };
}
