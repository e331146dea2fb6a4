// A class begins: learners who open the playground in the same moment, through the web process like a browser, until each has its prompt.
// With ready labs waiting, and with none.
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'socket.io-client';
import { SOCKET_PATH } from '../server/protocol.ts';
import { readStatus } from '../runtime/supervisor/status.ts';
import { disposeLabsLeft } from '../test/warm.ts';
import { withEngine } from './lab.ts';
import { summarise, type Row } from './report.ts';

const LEARNERS = 30;
const ALONE = 15;
const PATIENCE_MS = 60_000;
const PLAIN = /\x1b\[[0-9;?]*[a-zA-Z]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)/g;

export const measureClass = () => withEngine(async engine => {
  const open = async (pool: number) => {
    await engine.call('pool', { min: pool, max: pool });
    for (const until = Date.now() + PATIENCE_MS; (await engine.call('pool', {})).ready !== pool; await delay(50)) if (Date.now() > until) throw new Error('the pool was not filled in time');
    await openOne(); // what the web process does once
    await delay(1_000);
    const times = await Promise.all(Array.from({ length: LEARNERS }, openOne));
    await engine.call('pool', { min: 0, max: 0 });
    await disposeLabsLeft();
    return summarise(times);
  };
  /** One after the other, with time between them. */
  const oneByOne = async () => {
    await engine.call('pool', { min: 4, max: 4 });
    const times: number[] = [];
    for (let n = -1; n < ALONE; n++) {
      for (const until = Date.now() + PATIENCE_MS; (await engine.call('pool', {})).ready < 4 && Date.now() < until;) await delay(50);
      const ms = await openOne();
      if (n >= 0) times.push(ms);
    }
    await engine.call('pool', { min: 0, max: 0 });
    await disposeLabsLeft();
    return summarise(times);
  };
  const rows: Row[] = [
    { what: 'a learner alone, labs waiting', unit: 'ms', slipway: await oneByOne(), goal: { p99: 100 } },
    { what: `${LEARNERS} learners at once, labs waiting`, unit: 'ms', slipway: await open(LEARNERS + 1), goal: { p99: 1000 } },
    { what: `${LEARNERS} learners at once, none waiting`, unit: 'ms', slipway: await open(0) },
  ];
  return rows;
});

/** From the click to the prompt. */
async function openOne(): Promise<number> {
  const start = performance.now();
  const socket = connect(readStatus()!.url, { path: SOCKET_PATH, transports: ['websocket'], forceNew: true, reconnection: false });
  try {
    return await new Promise<number>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no prompt within ${PATIENCE_MS} ms; so far: ${JSON.stringify(shown)}`)), PATIENCE_MS);
      let shown = '';
      let attached = false;
      const show = (text: string) => {
        shown += text;
        if (!/[#$] ?$/.test(shown.replaceAll(PLAIN, ''))) return;
        clearTimeout(timer);
        resolve(performance.now() - start);
      };
      const attach = ({ id }: { id: string }) => {
        if (attached) return;
        attached = true;
        socket.emit('terminal:attach', { id, cols: 100, rows: 30 }, (answer: { screen?: string; problem?: string }) => (answer.problem ? reject(new Error(answer.problem)) : show(answer.screen ?? '')));
      };
      socket.on('terminal:output', (_id: string, data: Buffer) => show(data.toString()));
      socket.on('terminal:opened', attach);
      socket.once('connect_error', reject);
      socket.emit('workspace:join', { slug: null }, (answer: { terminals?: { id: string }[]; problem?: string }) => {
        if (answer.problem) reject(new Error(answer.problem));
        else if (answer.terminals?.[0]) attach(answer.terminals[0]);
      });
    });
  } finally {
    socket.close();
  }
}
