// The name server of a host, as a task of its own outside the learner's cgroup: started when the first user-defined network is used, found again
// after a restart of the engine, started again when it has ended. What it answers is written by steps (network/names.ts).
import type { HostRef } from '../kernel/protocol.ts';
import { ShimConnection } from '../kernel/shim.ts';
import { NAME_SERVER_PORT, nameServerConfig } from '../network/names.ts';
import { taskSocket } from '../paths.ts';
import type { Host, NameServer } from './model.ts';

const TASK = 'names';
const PID_FILE = `${nameServerConfig}/aardvark.pid`;

export function createNameServer(host: { ref: HostRef; broker: Host['broker'] }): NameServer {
  let shim: Promise<ShimConnection> | null = null;
  let closed = false;

  async function open(): Promise<ShimConnection> {
    const { ref } = host;
    const socket = taskSocket(ref.lab, ref.host, TASK);
    const known = await ShimConnection.open(socket).catch(() => null); // an earlier engine's
    const connection = known ?? await start(socket);
    connection.once('end', () => { shim = null; }); // the next use starts it again
    if (closed) connection.close();
    return connection;
  }

  async function start(socket: string): Promise<ShimConnection> {
    await host.broker.call('forgetTask', { ...host.ref, task: TASK });
    await host.broker.call('startTask', { ...host.ref, task: {
      id: TASK, cgroup: 'helper', before: [{ do: 'unlink', path: PID_FILE }],
      argv: ['aardvark-dns', '--config', nameServerConfig, '--port', String(NAME_SERVER_PORT), 'run'],
      io: { kind: 'pipes', stdin: false }, wait: { for: 'orphan', pidFile: PID_FILE, errorFile: `${nameServerConfig}.error` },
    } });
    const connection = await ShimConnection.open(socket);
    const started = new Promise<void>((resolve, reject) => {
      connection.once('started', () => resolve());
      connection.once('end', end => reject(new Error(`the name server did not start: ${end.kind === 'failed' ? end.message : end.kind}`)));
    });
    connection.go();
    await started;
    return connection;
  }

  return {
    async ensure() {
      shim ??= open();
      try {
        await shim;
      } catch (error) {
        shim = null;
        throw error;
      }
    },
    close() {
      closed = true;
      shim?.then(connection => connection.close(), () => {});
    },
  };
}
