// POST /containers/{id}/pause and unpause: the freezer cgroup, seen to be so by the broker.
import { SlipwayError } from '../errors.ts';
import { cgroupOf } from './paths.ts';
import { thaw } from './kill.ts';
import { emit, inTurn, running, setState } from './state.ts';
import type { Container, Host } from './model.ts';

export function pause(host: Host, container: Container): Promise<void> {
  return inTurn(container, async () => {
    const state = running(container);
    const { id } = container.record;
    if (state.status === 'paused') throw new SlipwayError('Conflict', `Container ${id} is already paused`);
    await host.broker.call('freeze', { ...host.ref, cgroup: cgroupOf(container.record), frozen: true });
    const now = container.record.state;
    if (now.status !== 'running') throw new SlipwayError('Conflict', `container ${id} is not running`);
    setState(host, container, { ...now, status: 'paused' });
    emit(host, container, 'pause');
  });
}

export function unpause(host: Host, container: Container): Promise<void> {
  return inTurn(container, async () => {
    if (container.record.state.status !== 'paused') throw new SlipwayError('System', `Container ${container.record.id} is not paused`);
    await thaw(host, container);
    emit(host, container, 'unpause');
  });
}
