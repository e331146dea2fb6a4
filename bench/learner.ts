// A learner as the site sees one: a newcomer's connection, from an address of their own (a class behind one address is made to wait, measurements are not).
import { once } from 'node:events';
import { io, type Socket } from 'socket.io-client';
import { SOCKET_PATH, type ClientEvents, type LabView, type Problem, type ServerEvents, type TerminalView, type WorkspaceView } from '../server/protocol.ts';
import { readStatus } from '../runtime/supervisor/status.ts';

export type Client = Socket<ServerEvents, ClientEvents>;
const SIZE = { cols: 80, rows: 24 };
let address = 0;

export interface Learner { client: Client; /** The terminal that a lab comes with. */ first: Promise<string> }

/** A newcomer with a lab of their own on /play; `host`: the name under which they have opened the site. */
export async function learner({ host }: { host?: string } = {}): Promise<Learner> {
  const number = ++address;
  const client: Client = io(readStatus()!.url, { path: SOCKET_PATH, transports: ['websocket'], forceNew: true, reconnection: false, extraHeaders: { 'X-Forwarded-For': `10.0.${number >> 8}.${number & 255}`, ...(host === undefined ? {} : { Host: host }) } });
  try {
    await once(client as never, 'connect');
    const ready = new Promise<void>((resolve, reject) => {
      client.on('lab:state', (lab: LabView) => {
        if (lab.state === 'ready') resolve();
        if (lab.problem) reject(new Error(JSON.stringify(lab.problem)));
      });
    });
    ready.catch(() => undefined);
    const opened = new Promise<string>(resolve => client.once('terminal:opened', terminal => resolve(terminal.id)));
    const workspace = good(await client.emitWithAck('workspace:join', { slug: null }) as WorkspaceView | Problem);
    if (workspace.lab.state !== 'ready') await ready;
    return { client, first: workspace.terminals[0] ? Promise.resolve(workspace.terminals[0].id) : opened };
  } catch (error) {
    client.disconnect();
    throw error;
  }
}

export interface Terminal { client: Client; id: string; /** Resolves with the next output. */ next: () => Promise<void>; output: () => string; bytes: () => number }

/** A new one, or one that is there, at its prompt. */
export async function openTerminal(client: Client, known?: string): Promise<Terminal> {
  const id = known ?? good(await client.emitWithAck('terminal:open', SIZE) as TerminalView | Problem).id;
  let arrived = () => {};
  let sawPrompt = () => {};
  let output = '';
  let bytes = 0;
  const prompt = new Promise<void>(resolve => { sawPrompt = resolve; });
  client.on('terminal:output', (from: string, data: ArrayBuffer) => {
    if (from !== id) return;
    client.emit('terminal:ack', id, data.byteLength);
    bytes += data.byteLength;
    output = (output + Buffer.from(data).toString()).slice(-65_536);
    arrived();
    if (/[#$] [^\n]*$/.test(output)) sawPrompt();
  });
  const { screen } = good(await client.emitWithAck('terminal:attach', { id, ...SIZE }) as { screen: string } | Problem);
  if (!/[#$] /.test(screen)) await prompt;
  return { client, id, next: () => new Promise(resolve => { arrived = resolve; }), output: () => output, bytes: () => bytes };
}

/** Letters, one after the other, at about this pace; after forty the line is taken back. */
export async function type({ client, id, next }: Terminal, keys: number, pauseMs: number): Promise<number[]> {
  const samples: number[] = [];
  for (let key = 0; key < keys; key++) {
    const echo = next();
    const started = performance.now();
    client.emit('terminal:input', id, key % 40 === 39 ? '\x15' : 'x');
    await echo;
    samples.push(performance.now() - started);
    await new Promise(resolve => setTimeout(resolve, pauseMs * (0.5 + Math.random())));
  }
  return samples;
}

export function good<T extends object>(answer: T | Problem): T {
  if ('problem' in answer && answer.problem) throw new Error(JSON.stringify(answer.problem));
  return answer as T;
}
