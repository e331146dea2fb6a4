// One request to a server in a lab, from within the lab's network, as previews are (kernel/dial.ts). Whatever answers is a learner's program: bounded in time
// and size; a redirect is an answer, not a way to go.
import { request, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Host } from '../container/model.ts';
import { dial } from '../kernel/dial.ts';
import type { Found } from '../lab/readings.ts';

const TIMEOUT_MS = 2_000;
const MAX_BODY = 64 << 10;

export interface Answer { status: number; headers: Record<string, string>; body: Buffer }

export async function readHttp(host: Host, address: string, port: number, path: string): Promise<Found> {
  const answer = await ask(host, address, port, path, {});
  return answer ? { kind: 'http', status: answer.status, headers: answer.headers, text: answer.body.toString('utf8') } : { kind: 'none' };
}

/** Null when nobody listens, or what answers does not speak HTTP or not in time. */
export async function ask(host: Host, address: string, port: number, path: string, headers: Record<string, string>): Promise<Answer | null> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  let socket: Socket | undefined;
  try {
    const dialled = dial(host.broker, host.ref, address, port);
    socket = await Promise.race([dialled, aborted(signal)]).catch((error: unknown) => {
      void dialled.then(late => late.destroy(), () => {});
      throw error;
    });
    return await converse(socket, `${address}:${port}`, path, headers, signal);
  } catch {
    return null;
  } finally {
    socket?.destroy();
  }
}

function converse(socket: Socket, authority: string, path: string, headers: Record<string, string>, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ createConnection: () => socket, method: 'GET', path: encodeURI(path), headers: { host: authority, connection: 'close', ...headers }, signal }, (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const done = () => resolve({
        status: response.statusCode ?? 0, body: Buffer.concat(chunks).subarray(0, MAX_BODY),
        headers: Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value).slice(0, 1000)])),
      });
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size >= MAX_BODY) { done(); response.destroy(); }
      });
      response.on('end', done);
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end();
  });
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('took too long')), { once: true }));
}
