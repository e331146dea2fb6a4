// Tasks: entering a host with one command, its stdio held by a shim (native/hold.c). The broker only starts shims; engine and web talk to them directly.
import { createConnection } from 'node:net';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { z } from 'zod';
import { SlipwayError } from '../errors.ts';
import type { HostRef, taskSchema } from '../kernel/protocol.ts';
import { appDir, containerLog, hostToolboxDir, relaySocket, runDir, taskSocket, taskStatus } from '../paths.ts';
import { Configuration } from './encode.ts';
import type { Hosts } from './hosts.ts';
import { callNative } from './native.ts';

/** Programs that steps run need little, and nothing of anybody's environment. */
const STEP_ENVIRONMENT = ['PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL=C.UTF-8'];
/** Seccomp is inherited and only ever tightened: shims and steps run under `full`, commands of a strict lab under both. */
const filter = (name: 'full' | 'strict') => join(appDir, 'dist', `${name}.bpf`);

export async function startTask(hosts: Hosts, ref: HostRef, task: z.output<typeof taskSchema>) {
  const { host, uidBase, init } = hosts.running(ref);
  const log = task.log === undefined ? '' : containerLog(ref.lab, ref.host, task.log);
  if (log) mkdirSync(dirname(log), { recursive: true, mode: 0o755 });
  const io = task.io;
  const configuration = new Configuration()
    .add(init.pid, init.started, uidBase)
    .list(hosts.cgroups.directories(task.cgroup === 'host' ? `${ref.lab}/${ref.host}/init` : `${ref.lab}/helpers`))
    .add(taskSocket(ref.lab, ref.host, task.id), taskStatus(ref.lab, ref.host, task.id), log, hosts.engine.gid, task.logMaxBytes, task.logFiles, task.logAttributes)
    .add(filter('full'), host.profile === 'strict' ? filter('strict') : '')
    .add(host.toolbox.device, host.toolbox.inode, hostToolboxDir).list(STEP_ENVIRONMENT)
    .steps(task.before).steps(task.after)
    .add(task.cwd).list(task.env).list(task.argv)
    .add(io.kind, io.kind === 'pipes' && io.stdin, io.kind === 'pipes' ? 0 : io.cols, io.kind === 'pipes' ? 0 : io.rows)
    .add(task.wait.for === 'orphan', task.wait.for === 'orphan' ? task.wait.pidFile : '', task.wait.for === 'orphan' ? task.wait.errorFile : '')
    .add(task.deadlineMs ?? 0, task.ringBytes, task.go);
  if (task.wait.for === 'orphan') beginGracePeriod(hosts);
  await callNative('task', configuration);
}

/**
 * The OCI runtime will move a process into its cgroup, for which the kernel waits a grace period (2 to 20 ms here), unless one has just passed. Begun now, by
 * a process that moves itself, it passes while other things are done.
 */
function beginGracePeriod(hosts: Hosts) {
  gracePeriod ??= callNative('rouse', new Configuration().add(join(hosts.cgroups.system.hierarchies[0]!.mount, 'cgroup.procs')))
    .catch(() => undefined) // then the runtime waits itself
    .finally(() => { gracePeriod = undefined; });
}
let gracePeriod: Promise<unknown> | undefined;

/** The relay of a host, started when it does not answer: it ends by itself when unused. */
export function startRelay(hosts: Hosts, ref: HostRef): Promise<string> {
  const path = relaySocket(ref.lab, ref.host);
  const starting = relaysStarting.get(path) ?? relayAt(path, hosts, ref).finally(() => relaysStarting.delete(path));
  relaysStarting.set(path, starting);
  return starting;
}
const relaysStarting = new Map<string, Promise<string>>();

async function relayAt(path: string, hosts: Hosts, ref: HostRef): Promise<string> {
  const { uidBase, init } = hosts.running(ref);
  if (await answers(path)) return path;
  const configuration = new Configuration()
    .add(init.pid, init.started, uidBase)
    .list(hosts.cgroups.directories(`${ref.lab}/helpers`))
    .add(path, hosts.engine.gid, filter('full'));
  await callNative('relay', configuration);
  return path;
}

/** Tasks whose shim answers. */
export async function listTasks(ref: HostRef): Promise<string[]> {
  const dir = join(runDir, 'labs', ref.lab, ref.host, 'tasks');
  const names = existsSync(dir) ? readdirSync(dir).filter(name => name.endsWith('.sock')) : [];
  const alive = await Promise.all(names.map(name => answers(join(dir, name))));
  return names.filter((_, i) => alive[i]).map(name => name.slice(0, -'.sock'.length));
}

export function forgetTask(ref: HostRef, task: string, log: boolean) {
  rmSync(taskSocket(ref.lab, ref.host, task), { force: true });
  rmSync(taskStatus(ref.lab, ref.host, task), { force: true });
  if (log) rmSync(dirname(containerLog(ref.lab, ref.host, task)), { recursive: true, force: true });
}

/** Flags of a listening socket in /proc/net/unix (__SO_ACCEPTCON); connections to it are listed under its path, too, and come and go. */
const LISTENS = '00010000';

/** By the inode of its listening socket: the kernel lists it under its path, and the shim holds it open. */
export function killTask(hosts: Hosts, ref: HostRef, task: string) {
  const path = taskSocket(ref.lab, ref.host, task);
  const inode = readFileSync('/proc/net/unix', 'utf8').split('\n').map(line => line.trim().split(/\s+/)).find(fields => fields[7] === path && fields[3] === LISTENS)?.[6];
  if (!inode) return;
  for (const pid of hosts.cgroups.processes(ref.lab)) if (holds(pid, `socket:[${inode}]`)) process.kill(pid, 'SIGKILL');
}

function holds(pid: number, target: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some(fd => { try { return readlinkSync(`/proc/${pid}/fd/${fd}`) === target; } catch { return false; } });
  } catch {
    return false;
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection(path);
    socket.once('connect', () => { socket.destroy(); resolve(true); });
    // A full backlog is somebody busy.
    socket.once('error', error => resolve((error as NodeJS.ErrnoException).code === 'EAGAIN'));
  });
}

export function checkTask(task: z.output<typeof taskSchema>) {
  const nul = (s: string) => s.includes('\0');
  const strings = [task.cwd, task.logAttributes, ...task.env, ...task.argv, ...[...task.before, ...task.after].flatMap(step => Object.entries(step).filter(([key]) => key !== 'text' && key !== 'stdin').flatMap(([, value]) => (Array.isArray(value) ? value : [String(value)])))];
  if (strings.some(nul)) throw new SlipwayError('InvalidParameter', 'a NUL byte in an argument, a path or the environment');
}
