// Which ports programs of the lab itself listen on, published by nobody: a server started in the lab's own shell, or a container with --network host.
// Read outside the lab, and only after something ran in it and while a tab is seen, at most once a second (lab/activity.ts). Called by ports.ts.
import { asSlipwayError } from '../../runtime/errors.ts';
import type { HostRef } from '../../runtime/kernel/protocol.ts';
import type { Engine } from '../lab/engine.ts';

/** A program may listen on thousands. What holds a published port for a container listens, too, and must not take the place of the lab's own. */
const MAX_PORTS = 200;

export interface ListeningOptions {
  engine: Pick<Engine, 'read' | 'watch'>;
  host: HostRef;
  isSeen: () => boolean;
  tell: (ports: number[]) => void;
  onError: (error: unknown) => void;
}

/** The returned function ends it. */
export function watchListening({ engine, host, isSeen, tell, onError }: ListeningOptions): () => void {
  let known = '';
  let reading = false;
  let ended = false;
  const look = async () => {
    if (reading) return;
    reading = true;
    try {
      const { found: [found] } = await engine.read(host, [{ kind: 'listening' }]);
      if (ended || found?.kind !== 'listening') return; // what could not be read says nothing
      // The relay connects to 127.0.0.1 or ::1: who listens on one other address alone (such as a bridge's name server) is not reached.
      const ports = [...new Set(found.ports.filter(one => one.protocol === 'tcp' && one.address !== 'one').map(one => one.port))].sort((a, b) => a - b).slice(0, MAX_PORTS);
      if (ports.join() === known) return;
      known = ports.join();
      tell(ports);
    } catch (error) {
      const { kind } = asSlipwayError(error);
      if (!ended && kind !== 'Unavailable' && kind !== 'NotFound') onError(error);
    } finally {
      reading = false;
    }
  };
  const unwatch = engine.watch(host, { wantsLook: () => isSeen() && !reading, look: () => void look() });
  return () => {
    ended = true;
    unwatch();
  };
}
