// From a key to its letter on the screen's side of the wire: socket.io, server, shim, pty, shell, and back; with one terminal, then with fifty that
// all type. The client shares the processors with everything it measures.
import { once } from 'node:events';
import { io, type Socket } from 'socket.io-client';
import { SOCKET_PATH, type ClientEvents, type LabView, type Problem, type ServerEvents, type TerminalView, type WorkspaceView } from '../server/protocol.ts';
import { readStatus } from '../runtime/supervisor/status.ts';
import { summarise, type Row } from './report.ts';

type Client = Socket<ServerEvents, ClientEvents>;

const TERMINALS_PER_LEARNER = 5;
const PAUSE_MS = 100; // a fast typist
const SIZE = { cols: 80, rows: 24 };

export async function measureEcho(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { terminals, keys } of [{ terminals: 1, keys: 300 }, { terminals: 50, keys: 60 }]) {
    const learners = await Promise.all(Array.from({ length: Math.ceil(terminals / TERMINALS_PER_LEARNER) }, () => learner()));
    try {
      const all = await Promise.all(Array.from({ length: terminals }, (_, i) => openTerminal(learners[i % learners.length]!)));
      const samples = (await Promise.all(all.map(terminal => type(terminal, keys)))).flat();
      rows.push({ what: `key to echo, ${terminals} terminal${terminals > 1 ? 's' : ''}`, unit: 'ms', slipway: summarise(samples), goal: { p99: 15 } });
    } finally {
      for (const client of learners) client.disconnect();
    }
  }
  return rows;
}

/** A newcomer with a lab of their own on /play. */
async function learner(): Promise<Client> {
  const client: Client = io(readStatus()!.url, { path: SOCKET_PATH, transports: ['websocket'], forceNew: true, reconnection: false });
  await once(client as never, 'connect');
  const ready = new Promise<void>((resolve, reject) => {
    client.on('lab:state', (lab: LabView) => {
      if (lab.state === 'ready') resolve();
      if (lab.problem) reject(new Error(lab.problem));
    });
  });
  const workspace = good(await client.emitWithAck('workspace:join', { slug: null }) as WorkspaceView | Problem);
  if (workspace.lab.state !== 'ready') await ready;
  return client;
}

interface Terminal { client: Client; id: string; next: () => Promise<void> }

async function openTerminal(client: Client): Promise<Terminal> {
  const { id } = good(await client.emitWithAck('terminal:open', SIZE) as TerminalView | Problem);
  let arrived = () => {};
  let sawPrompt = () => {};
  const prompt = new Promise<void>(resolve => { sawPrompt = resolve; });
  client.on('terminal:output', (from: string, data: ArrayBuffer) => {
    if (from !== id) return;
    client.emit('terminal:ack', id, data.byteLength);
    arrived();
    if (/[#$] [^\n]*$/.test(Buffer.from(data).toString())) sawPrompt();
  });
  const { screen } = good(await client.emitWithAck('terminal:attach', { id, ...SIZE }) as { screen: string } | Problem);
  if (!/[#$] /.test(screen)) await prompt;
  return { client, id, next: () => new Promise(resolve => { arrived = resolve; }) };
}

/** Letters, one after the other; after forty the line is taken back. */
async function type({ client, id, next }: Terminal, keys: number): Promise<number[]> {
  const samples: number[] = [];
  for (let key = 0; key < keys; key++) {
    const echo = next();
    const started = performance.now();
    client.emit('terminal:input', id, key % 40 === 39 ? '\x15' : 'x');
    await echo;
    samples.push(performance.now() - started);
    await new Promise(resolve => setTimeout(resolve, PAUSE_MS * (0.5 + Math.random())));
  }
  return samples;
}

function good<T extends object>(answer: T | Problem): T {
  if ('problem' in answer && typeof answer.problem === 'string') throw new Error(answer.problem);
  return answer as T;
}
