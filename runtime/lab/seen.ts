// What the engine itself has seen of a lab that runs, beside what the kernel counts: logs that are full, connections refused, containers that come and go.
// For labs.ts, about once a second: no helper runs, nothing in the lab is asked.
import { statSync } from 'node:fs';
import { isRunning } from '../container/state.ts';
import { LOG_MAX_BYTES } from '../kernel/protocol.ts';
import { containerLog } from '../paths.ts';
import type { EngineEvent, Figures } from './control.ts';
import type { OpenHost } from './open-host.ts';

export function seenBy(hosts: OpenHost[]): Pick<Figures, 'logsFull' | 'connectionsRefused' | 'containerAt' | 'killedAt'> {
  return {
    logsFull: hosts.reduce((all, { host }) => all + [...host.containers.values()].filter(({ record }) => isRunning(record.state.status) && logIsFull(host.ref, record.id)).length, 0),
    connectionsRefused: hosts.reduce((all, { refused }) => all + refused(), 0),
    containerAt: lastOf(hosts, ({ Action }) => Action === 'start' || Action === 'die'),
    killedAt: lastOf(hosts, ({ Action, Actor }) => Action === 'die' && Actor.Attributes.exitCode === SIGKILLED),
  };
}

function lastOf(hosts: OpenHost[], is: (event: EngineEvent) => boolean): number | null {
  const times = hosts.flatMap(({ host }) => host.events.past().findLast(event => event.Type === 'container' && is(event))?.timeNano ?? []);
  return times.length ? Math.max(...times) / 1e6 : null;
}

const SIGKILLED = '137';

/** One that rotates never gets there. */
const logIsFull = (ref: { lab: string; host: string }, id: string): boolean => (statSync(containerLog(ref.lab, ref.host, id), { throwIfNoEntry: false })?.size ?? 0) >= LOG_MAX_BYTES;
