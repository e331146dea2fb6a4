// Which ports of the labs that somebody looks at are published, as the engine tells it. One stream per workspace that has a tab open; the tabs are told
// of every change. Knows nothing of sockets.
import { asSlipwayError } from '../../runtime/errors.ts';
import type { HostRef } from '../../runtime/kernel/protocol.ts';
import type { Engine } from '../lab/engine.ts';
import type { PortView } from '../protocol.ts';

export interface PortWatch {
  /** A tab shows this workspace's lab. Idempotent; a lab that is not ready has no ports. */
  show(workspace: string, host: HostRef | undefined): void;
  /** No tab shows it any more. */
  hide(workspace: string): void;
  ports(workspace: string): PortView[];
  release(): void;
}

const RETRY_MS = 1000;

export function createPortWatch(options: { engine: Pick<Engine, 'ports'>; announce: (workspace: string, ports: PortView[]) => void; onError: (error: unknown) => void }): PortWatch {
  const watched = new Map<string, { lab: string; ports: PortView[]; stop: () => void }>();

  const tell = (workspace: string, ports: PortView[]) => {
    const entry = watched.get(workspace);
    if (entry) entry.ports = ports;
    options.announce(workspace, ports);
  };
  const hide = (workspace: string) => {
    const entry = watched.get(workspace);
    watched.delete(workspace);
    entry?.stop();
  };

  function watch(workspace: string, host: HostRef): () => void {
    let stream = options.engine.ports(host, ports => tell(workspace, ports));
    let timer: NodeJS.Timeout | undefined;
    let stopped = false;
    const again = () => stream.ended.catch((error: unknown) => {
      stream.release();
      const { kind } = asSlipwayError(error);
      if (stopped) return;
      if (kind === 'NotFound') return tell(workspace, []);
      if (kind !== 'Unavailable') options.onError(error);
      timer = setTimeout(() => {
        stream = options.engine.ports(host, ports => tell(workspace, ports));
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
    show(workspace, host) {
      if (watched.get(workspace)?.lab === host?.lab) return;
      const had = watched.get(workspace)?.ports.length;
      hide(workspace);
      if (had) options.announce(workspace, []);
      if (host) {
        const entry = { lab: host.lab, ports: [], stop: () => {} };
        watched.set(workspace, entry);
        entry.stop = watch(workspace, host);
      }
    },
    hide,
    ports: workspace => watched.get(workspace)?.ports ?? [],
    release() { for (const workspace of watched.keys()) hide(workspace); },
  };
}
