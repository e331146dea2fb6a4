// For tests of kernel and security: a host of a lab straight from the broker (no engine), and commands in it.
// Needs root and the running instance that test/instance.ts starts.
import { randomBytes } from 'node:crypto';
import { RpcClient } from '../../runtime/rpc.ts';
import { brokerVerbs, type HostRef, type Task } from '../../runtime/kernel/protocol.ts';
import { ShimConnection, type TaskEnd } from '../../runtime/kernel/shim.ts';
import { brokerSocket, taskSocket } from '../../runtime/paths.ts';

export const broker = () => new RpcClient(brokerSocket, brokerVerbs);
export const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
export const smallLimits = { memoryBytes: 512 * 1024 ** 2, pids: 256, cpus: 1, diskBytes: 512 * 1024 ** 2 };

export interface Ran { stdout: string; stderr: string; end: TaskEnd }
export interface TestHost {
  ref: HostRef;
  initPid: number;
  uidBase: number;
  broker: ReturnType<typeof broker>;
  /** Runs a shell script in the host to its end. */
  sh(script: string, task?: Partial<Task>): Promise<Ran>;
  /** Starts a task and gives its connection: subscribed, not yet told to go. */
  start(task: Partial<Task> & Pick<Task, 'argv'>): Promise<ShimConnection>;
  dispose(): Promise<void>;
}

export async function makeHost(options: { profile?: 'strict' | 'full'; limits?: Partial<typeof smallLimits> } = {}): Promise<TestHost> {
  const client = broker();
  const ref: HostRef = { lab: `t${randomBytes(5).toString('hex')}`, host: 'h1' };
  const { initPid, uidBase } = await client.call('createHost', { ...ref, hostname: 'host1', profile: options.profile ?? 'strict', limits: { ...smallLimits, ...options.limits } });
  const start: TestHost['start'] = async task => {
    const id = task.id ?? `t${randomBytes(8).toString('hex')}`;
    await client.call('startTask', { ...ref, task: { id, env: [PATH, 'HOME=/root', 'LC_ALL=C.UTF-8'], io: { kind: 'pipes', stdin: false }, wait: { for: 'own' }, ...task } });
    const connection = await ShimConnection.open(taskSocket(ref.lab, ref.host, id));
    connection.subscribe({ ring: false });
    return connection;
  };
  return {
    ref, initPid, uidBase, broker: client, start,
    async sh(script, task = {}) {
      const connection = await start({ argv: ['/bin/bash', '-c', script], ...task });
      const ran = collect(connection);
      connection.go();
      return ran;
    },
    async dispose() {
      await client.call('disposeLab', { lab: ref.lab });
      client.close();
    },
  };
}

export function collect(connection: ShimConnection): Promise<Ran> {
  const out: Buffer[][] = [[], [], []];
  connection.on('output', (stream, data) => out[stream]!.push(Buffer.from(data)));
  return new Promise(resolve => connection.on('end', end => resolve({ stdout: Buffer.concat(out[1]!).toString(), stderr: Buffer.concat(out[2]!).toString(), end })));
}

/** Tries until it holds; the error of the last try tells why it never did. */
export async function until(check: () => boolean | Promise<boolean>, what: string, timeoutMs = 10_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain until ${what}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}
