// After a restart of the engine: containers that were running are found again by their shims, or by what those wrote when they ended.
import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { ended, UNSEEN, watchExit } from '../container/exit.ts';
import type { Container, ContainerRecord, ContainerState, Host } from '../container/model.ts';
import { announceStart, startNow } from '../container/start.ts';
import { howItBegan, howItEnded } from '../container/how-it-ended.ts';
import { cgroupOf, taskOf } from '../container/paths.ts';
import { removeNow } from '../container/remove.ts';
import { inTurn, setState } from '../container/state.ts';
import { asSlipwayError } from '../errors.ts';
import { scheduleRestart } from '../container/restart-policy.ts';
import { leaveNetworks } from '../network/endpoint.ts';
import { ShimConnection, type TaskEnd } from '../kernel/shim.ts';
import { taskSocket, taskStatus } from '../paths.ts';

export async function restoreContainers(host: Host): Promise<void> {
  const all = [...host.containers.values()];
  for (const { record } of all) {
    for (const endpoint of endpointsOf(record)) host.networks.join(record.id, endpoint);
  }
  if (all.some(({ record }) => endpointsOf(record).some(e => e.dnsNames))) await host.nameServer.ensure();
  await Promise.all(all.map(container => restore(host, container)));
  await forgetEndedTasks(host);
}

const endpointsOf = ({ state }: ContainerRecord) => ('endpoints' in state ? state.endpoints : 'attempt' in state ? state.attempt?.endpoints ?? [] : []);

async function restore(host: Host, container: Container): Promise<void> {
  const { record, live } = container;
  live.startAgain = () => startNow(host, container);
  const task = taskOf(record.id);
  if (record.state.status === 'restarting' && (await takeOn(host, container, record.state))) return;
  if (record.state.status !== 'running' && record.state.status !== 'paused') {
    await callOff(host, container);
    if (record.state.status === 'restarting') scheduleRestart(host, container, 0);
    // As dockerd: whoever was to remove it when it has ended was waiting on the engine that died.
    else if (record.hostConfig.AutoRemove) await inTurn(container, () => removeNow(host, container, { volumes: true }));
    return;
  }
  try {
    live.shim = await ShimConnection.open(taskSocket(host.ref.lab, host.ref.host, task));
    watchExit(host, container, live.shim);
  } catch {
    const { end, time } = howItEnded(taskStatus(host.ref.lab, host.ref.host, task));
    await ended(host, container, end, time, UNSEEN);
  }
}

/** A start by policy that was under way is gone on with: it was nobody's request that could be made again. False when it had not begun. */
async function takeOn(host: Host, container: Container, { attempt, ...state }: Extract<ContainerState, { status: 'restarting' }>): Promise<boolean> {
  if (!attempt) return false;
  const { record, live } = container;
  const { lab, host: id } = host.ref;
  const status = taskStatus(lab, id, taskOf(record.id));
  const shim = await ShimConnection.open(taskSocket(lab, id, taskOf(record.id))).catch(() => undefined);
  if (shim) {
    const decided = new Promise<void>(resolve => shim.once('started', () => resolve()).once('end', () => resolve()));
    shim.go();
    await decided;
  }
  const begun = howItBegan(status, attempt.at);
  if (!begun) {
    shim?.close();
    leaveNetworks(host, record);
    setState(host, container, state);
    return false;
  }
  record.hasBeenStarted = true;
  setState(host, container, { status: 'running', startedAt: begun.time, finishedAt: state.finishedAt, pid: begun.pid, endpoints: attempt.endpoints });
  announceStart(host, container, attempt.endpoints);
  if (shim && !shim.socket.destroyed) {
    live.shim = shim;
    watchExit(host, container, shim);
  } else {
    const { end, time } = howItEnded(status);
    await ended(host, container, end, time, UNSEEN);
  }
  return true;
}

/** A start that was under way when the engine died was never answered: what there is of it ends, and its own last steps take back what it made. */
async function callOff(host: Host, { record }: Container): Promise<void> {
  const shim = await ShimConnection.open(taskSocket(host.ref.lab, host.ref.host, taskOf(record.id))).catch(() => undefined);
  if (!shim) return;
  const ended = new Promise<TaskEnd>(resolve => shim.once('end', resolve));
  const patience = setTimeout(() => shim.close(), CALL_OFF_MS);
  shim.signal(SIGKILL); // one that was not yet told to go is told that it never will
  try {
    await host.broker.call('killCgroup', { ...host.ref, cgroup: cgroupOf(record) });
  } catch (error) {
    if (asSlipwayError(error).kind !== 'NotFound') host.onError(error);
  }
  await ended;
  clearTimeout(patience);
  shim.close();
}

/** Execs and helpers of the engine that died, once they have ended: nobody else would ever remove what is written down about them. */
async function forgetEndedTasks(host: Host): Promise<void> {
  const { lab, host: id } = host.ref;
  const alive = new Set(await host.broker.call('listTasks', host.ref));
  const kept = new Set([...host.containers.keys()].map(taskOf));
  for (const file of readdirSync(dirname(taskStatus(lab, id, 'any')))) {
    const task = file.replace(/\.[^.]*$/, '');
    if (!alive.has(task) && !kept.has(task) && !task.startsWith('term-')) await host.broker.call('forgetTask', { ...host.ref, task });
  }
}

const CALL_OFF_MS = 15_000;
const SIGKILL = 9;
