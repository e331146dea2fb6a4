// Execs: create, start, inspect, resize. One task each: the OCI runtime puts the process into the container and a shim waits for it.
import { randomBytes } from 'node:crypto';
import { SlipwayError } from '../errors.ts';
import { ShimConnection, type TaskEnd } from '../kernel/shim.ts';
import type { Task } from '../kernel/protocol.ts';
import { capabilitiesFor } from '../oci/capabilities.ts';
import { overrideEnvironment } from '../oci/environment.ts';
import { capabilitySets, containerProcess, type OciProcess } from '../oci/spec.ts';
import { taskSocket } from '../paths.ts';
import { ShimAttachment } from './attachment.ts';
import { startedWith } from './daemon-config.ts';
import { greeted } from './greeted.ts';
import { runtimeRoot, taskOf } from './paths.ts';
import { EXEC_ROOM, takeRoom } from '../record-room.ts';
import { execFailure } from './runtime-errors.ts';
import { emit, running } from './state.ts';
import { resolveUser } from './user.ts';
import type { Attachment, Container, Exec, ExecConfig, Host, OutputSink } from './model.ts';

/** An ended exec can be inspected this long. */
const KEPT_MS = 5 * 60_000;

export function resolveExec(host: Host, ref: string): Exec {
  const exec = host.execs.get(ref);
  if (!exec) throw new SlipwayError('NotFound', `No such exec instance: ${ref}`);
  return exec;
}

export async function createExec(host: Host, container: Container, config: ExecConfig): Promise<Exec> {
  checkRunning(container);
  const exec: Exec = { id: randomBytes(32).toString('hex'), container, config, state: { status: 'created' } };
  try {
    takeRoom(EXEC_ROOM, 'exec', host.execs, exec, one => one.config);
  } catch {
    for (const [id, old] of host.execs) if (old.state.status === 'exited') host.execs.delete(id);
    takeRoom(EXEC_ROOM, 'exec', host.execs, exec, one => one.config);
  }
  host.execs.set(exec.id, exec);
  container.live.execIds.add(exec.id);
  emit(host, container, `exec_create: ${commandText(config)}`, { execID: exec.id });
  return exec;
}

function checkRunning(container: Container) {
  if (container.record.state.status === 'restarting') throw new SlipwayError('Conflict', `Container ${container.record.id} is restarting, wait until the container is running`);
  if (running(container).status === 'paused') throw new SlipwayError('Conflict', `Container ${container.record.name} is paused, unpause the container before exec`);
}

/** dockerd joins entrypoint and arguments, even when there are none. */
const commandText = (config: ExecConfig) => `${config.cmd[0]} ${config.cmd.slice(1).join(' ')}`;

export async function startExec(host: Host, exec: Exec, options: { tty: boolean; consoleSize: [number, number] | null; sink: OutputSink | null }): Promise<Attachment | null> {
  const { container, config } = exec;
  if (exec.state.status === 'exited') throw new SlipwayError('Conflict', `exec command ${exec.id} has already run`);
  if (exec.state.status === 'running') throw new SlipwayError('Conflict', `exec command ${exec.id} is already running`);
  checkRunning(container);
  try {
    const user = await resolveUser(host, container.record, config.user || container.record.config.User, container.record.hostConfig.GroupAdd ?? []);
    emit(host, container, `exec_start: ${commandText(config)}`, { execID: exec.id });
    await host.broker.call('startTask', { ...host.ref, task: execTask(exec, execProcess(host, exec, user), options) });
    return await run(host, exec, options.sink);
  } catch (error) {
    if (exec.state.status === 'created') exec.state = { status: 'exited', exitCode: 126, pid: 0 };
    forgetLater(host, exec);
    throw error;
  }
}

async function run(host: Host, exec: Exec, sink: OutputSink | null): Promise<Attachment | null> {
  const socket = taskSocket(host.ref.lab, host.ref.host, taskOf(exec.id));
  const shim = await ShimConnection.open(socket);
  const started = new Promise<TaskEnd | null>(resolve => {
    shim.once('started', pid => {
      exec.state = { status: 'running', pid, shim };
      resolve(null);
    });
    shim.once('end', end => {
      ended(host, exec, end);
      resolve(end);
    });
  });
  const { config } = exec;
  const attachment = sink && new ShimAttachment({ sink: startedOnly(sink, exec), stdin: config.attachStdin, stdout: config.attachStdout, stderr: config.attachStderr, closesStdin: true, onDetach() {} });
  attachment?.connect(await greeted(socket));
  shim.go();
  const end = await started;
  if (end?.kind === 'failed' || (end && end.kind === 'lost')) throw execFailure(end, config.cmd[0]!, config.workingDir);
  return attachment;
}

/** A failure to start is thrown by startExec, and not told to the sink as well. The end is told after inspect knows the exit code. */
function startedOnly(sink: OutputSink, exec: Exec): OutputSink {
  return {
    write: (stream, data) => sink.write(stream, data),
    end(end) {
      if (end.kind === 'failed') return;
      if (end.kind === 'exited' && exec.state.status !== 'exited') exec.state = { status: 'exited', exitCode: end.code, pid: exec.state.status === 'running' ? exec.state.pid : 0 };
      sink.end(end);
    },
  };
}

function ended(host: Host, exec: Exec, end: TaskEnd) {
  const { container } = exec;
  const exitCode = end.kind === 'exited' ? end.code : end.kind === 'failed' ? execFailure(end, exec.config.cmd[0]!, exec.config.workingDir).exitCode : 137;
  exec.state = { status: 'exited', exitCode, pid: exec.state.status === 'running' ? exec.state.pid : 0 };
  container.live.execIds.delete(exec.id);
  if (end.kind !== 'failed') emit(host, container, 'exec_die', { execID: exec.id, exitCode: String(exitCode) });
  host.broker.call('forgetTask', { ...host.ref, task: taskOf(exec.id) }).catch(error => { if (!host.closing.signal.aborted) host.onError(error); });
  forgetLater(host, exec);
}

function forgetLater(host: Host, exec: Exec) {
  exec.container.live.execIds.delete(exec.id);
  setTimeout(() => host.execs.delete(exec.id), KEPT_MS).unref();
}

function execProcess(host: Host, exec: Exec, user: OciProcess['user']): OciProcess {
  const { config, container: { record } } = exec;
  const base = containerProcess(startedWith(host.daemon.config, record), user);
  const { CapAdd, CapDrop, Privileged } = record.hostConfig;
  const [height, width] = config.consoleSize ?? [0, 0];
  return {
    ...base,
    terminal: config.tty,
    ...(height && width ? { consoleSize: { height, width } } : {}),
    args: config.cmd,
    env: overrideEnvironment(config.tty ? overrideEnvironment(base.env, ['TERM=xterm']) : base.env, config.env),
    cwd: config.workingDir || base.cwd,
    capabilities: capabilitySets(capabilitiesFor(CapAdd, CapDrop, Privileged || config.privileged), user.uid),
  };
}

function execTask(exec: Exec, process: OciProcess, options: { consoleSize: [number, number] | null }): Task {
  const { id, config, container } = exec;
  const dir = `/run/docker/execs/${id}`;
  const [rows, cols] = options.consoleSize ?? config.consoleSize ?? [0, 0];
  const file = (name: string) => `${dir}/${name}`;
  return {
    id: taskOf(id),
    before: [{ do: 'mkdir', path: dir, mode: 0o700 }, { do: 'write', path: file('process.json'), mode: 0o600, text: JSON.stringify(process) }],
    argv: [
      'crun', `--root=${runtimeRoot}`, '--cgroup-manager=cgroupfs', `--log=${file('log')}`, '--log-format=json',
      'exec', '--detach', `--process=${file('process.json')}`, `--pid-file=${file('pid')}`, ...(config.tty ? ['--console-socket', '{console}'] : []), container.record.id,
    ],
    io: config.tty ? { kind: 'console', cols: cols || 80, rows: rows || 24 } : { kind: 'pipes', stdin: config.attachStdin },
    wait: { for: 'orphan', pidFile: file('pid'), errorFile: file('log') },
    after: [...['process.json', 'pid', 'log'].map(name => ({ do: 'unlink' as const, path: file(name) })), { do: 'unlink', path: dir }],
  };
}

export function inspectExec(_host: Host, exec: Exec): Record<string, unknown> {
  const { config, container, state } = exec;
  return {
    ID: exec.id,
    Running: state.status === 'running',
    ExitCode: state.status === 'exited' ? state.exitCode : null,
    ProcessConfig: { tty: config.tty, entrypoint: config.cmd[0], arguments: config.cmd.slice(1), privileged: config.privileged, ...(config.user ? { user: config.user } : {}) },
    OpenStdin: config.attachStdin,
    OpenStderr: config.attachStderr,
    OpenStdout: config.attachStdout,
    CanRemove: false,
    ContainerID: container.record.id,
    DetachKeys: '',
    Pid: state.status === 'created' ? 0 : state.pid,
  };
}

export async function resizeExec(_host: Host, exec: Exec, size: { rows: number; cols: number }): Promise<void> {
  if (exec.state.status !== 'running') throw new SlipwayError('Conflict', `exec process ${exec.id} is not running`);
  exec.state.shim.resize(size.cols, size.rows);
}
