// Dialling into a host's network: for previews of a learner's ports, and for registries that a lab's names lead to. Never opens a socket in the
// machine's own network: every connection starts in the lab's (safety rule 7).
import { createConnection, isIP, type Socket } from 'node:net';
import { SlipwayError } from '../errors.ts';
import type { RpcClient } from '../rpc.ts';
import type { BrokerVerbs, HostRef } from './protocol.ts';

/** A connection to address:port as the host sees it. `localhost` is 127.0.0.1; other names are the caller's to resolve. */
export async function dial(broker: RpcClient<BrokerVerbs>, ref: HostRef, address: string, port: number): Promise<Socket> {
  const { socketPath } = await broker.call('relay', ref);
  return dialThrough(socketPath, address, port);
}

/** Through a relay that is known to run. Rejects with Unavailable and the kernel's words (`Connection refused`). */
export function dialThrough(socketPath: string, address: string, port: number): Promise<Socket> {
  const ip = address === 'localhost' ? '127.0.0.1' : address;
  if (!isIP(ip) || !Number.isInteger(port) || port < 1 || port > 65535) return Promise.reject(new SlipwayError('InvalidParameter', `not an address in a lab: ${address}:${port}`));
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path: socketPath, allowHalfOpen: true });
    const fail = (why: string) => { socket.destroy(); reject(new SlipwayError('Unavailable', `dial tcp ${ip}:${port}: connect: ${why}`)); };
    const onError = (error: Error) => fail(error.message);
    const onClose = () => fail('the relay closed the connection');
    let answer = Buffer.alloc(0);
    // By 'readable', not 'data': afterwards the socket is as new, and flows when its owner listens.
    const onReadable = () => {
      for (let chunk: Buffer | null; (chunk = socket.read() as Buffer | null) !== null;) answer = Buffer.concat([answer, chunk]);
      const newline = answer.indexOf(10);
      if (newline < 0) return;
      const line = answer.subarray(0, newline).toString();
      if (line !== 'ok') return fail(line.replace(/^error /, '').toLowerCase());
      socket.off('readable', onReadable).off('error', onError).off('close', onClose);
      if (answer.length > newline + 1) socket.unshift(answer.subarray(newline + 1));
      resolve(socket);
    };
    socket.on('readable', onReadable).on('error', onError).on('close', onClose);
    socket.write(`tcp ${ip} ${port}\n`);
  });
}
