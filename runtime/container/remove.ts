// DELETE /containers/{id}: what the container left in the host, its record, its name, and with `volumes` its anonymous volumes.
import { SlipwayError } from '../errors.ts';
import { runHelper } from './helper.ts';
import { killAndWait } from './kill.ts';
import { taskOf } from './paths.ts';
import { cancelRestart } from './restart-policy.ts';
import { removeFiles } from './plan.ts';
import { forgetContainer } from './records.ts';
import { emit, inTurn } from './state.ts';
import { REMOVE_VOLUMES } from '../volume/options.ts';
import type { Container, Host } from './model.ts';

export async function remove(host: Host, container: Container, options: { force: boolean; volumes: boolean }): Promise<void> {
  const { record, live } = container;
  if (live.removing) throw new SlipwayError('Conflict', `removal of container ${record.id} is already in progress`);
  const { status } = record.state;
  if (!options.force) {
    const refuse = (why: string) => new SlipwayError('Conflict', `cannot remove container "/${record.name}": ${why}`);
    if (status === 'paused') throw refuse('container is paused and must be unpaused first');
    if (status === 'running') throw refuse('container is running: stop the container before removing or force remove');
    if (status === 'restarting') throw refuse('container is restarting: stop the container before removing or force remove');
  }
  live.removing = true;
  try {
    await cancelRestart(host, container);
    await killAndWait(host, container);
    await inTurn(container, () => removeNow(host, container, options));
  } catch (error) {
    live.removing = false;
    throw error;
  }
}

/** Of a container that does not run, by who holds its turn. */
export async function removeNow(host: Host, container: Container, options: { volumes: boolean }): Promise<void> {
  const { record, live } = container;
  if (!host.containers.has(record.id)) return;
  live.removing = true;
  const cleaned = record.hostConfig.AutoRemove && record.state.status === 'exited'; // by the task's own last step
  if (record.hasBeenStarted && !cleaned) await runHelper(host, { argv: ['busybox', 'true'], before: [removeFiles(record)] });
  if (record.hasBeenStarted) {
    const forget = (task: string, log: boolean) => host.broker.call('forgetTask', { ...host.ref, task, log });
    await Promise.all([forget(taskOf(record.id), false), forget(record.id, true)]); // the log is named after the container
  }
  if (options.volumes) await removeAnonymousVolumes(host, container);
  for (const attachment of live.pendingAttachments) attachment.abandon('the container was removed');
  live.pendingAttachments.clear();
  host.containers.delete(record.id);
  host.names.delete(record.name);
  forgetContainer(host, record);
  for (const [id, exec] of host.execs) if (exec.container === container) host.execs.delete(id);
  emit(host, container, 'destroy');
  const exitCode = 'exitCode' in record.state ? record.state.exitCode : 0;
  for (const waiter of [...live.removeWaiters, ...live.exitWaiters, ...live.stopWaiters]) waiter({ exitCode, error: null });
  live.removeWaiters.clear();
  live.exitWaiters.clear();
  live.stopWaiters.clear();
}

async function removeAnonymousVolumes(host: Host, container: Container) {
  const others = [...host.containers.values()].filter(c => c !== container);
  const mine = container.record.mounts.filter(m => m.anonymous && !others.some(o => o.record.mounts.some(x => x.name === m.name)));
  if (mine.length === 0) return;
  await runHelper(host, { argv: ['busybox', 'sh', '-c', REMOVE_VOLUMES, 'sh', ...mine.map(m => m.source.replace(/\/_data$/, ''))] });
  for (const mount of mine) {
    host.volumes.forget(mount.name);
    host.events.emit('volume', 'destroy', mount.name, { driver: 'local' });
  }
}
