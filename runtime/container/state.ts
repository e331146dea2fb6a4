// What may be done in which state, one verb at a time per container, and the attributes events carry.
import { SlipwayError } from '../errors.ts';
import type { Container, ContainerStatus, Host, RunningState } from './model.ts';
import { saveContainer } from './records.ts';

export const isRunning = (status: ContainerStatus) => status === 'running' || status === 'paused';

/** Verbs that change a container's state take turns. A failure of one does not stop the next. */
export function inTurn<T>(container: Container, verb: () => Promise<T>): Promise<T> {
  const turn = container.live.busy.then(verb, verb);
  container.live.busy = turn.catch(() => {});
  return turn;
}

/** The running (or paused) state, or Docker's "is not running". */
export function running(container: Container): RunningState {
  const { state } = container.record;
  if (state.status === 'running' || state.status === 'paused') return state;
  throw new SlipwayError('Conflict', `container ${container.record.id} is not running`);
}

/** Sets the state and persists it. */
export function setState(host: Host, container: Container, state: Container['record']['state']) {
  container.record.state = state;
  saveContainer(host, container.record);
}

/** Announces, with the container's labels, image and name as Docker does. */
export function emit(host: Host, container: Container, action: string, extra: Record<string, string> = {}) {
  const { record } = container;
  host.events.emit('container', action, record.id, { ...record.config.Labels, ...extra, image: record.config.Image, name: record.name });
}
