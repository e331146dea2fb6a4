// From a key to its letter on the screen's side of the wire: socket.io, server, shim, pty, shell, and back; with one terminal, then with fifty that
// all type. The client shares the processors with everything it measures.
import { learner, openTerminal, type } from './learner.ts';
import { summarise, type Row } from './report.ts';

const TERMINALS_PER_LEARNER = 5;
const PAUSE_MS = 100; // a fast typist

export async function measureEcho(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { terminals, keys } of [{ terminals: 1, keys: 300 }, { terminals: 50, keys: 60 }]) {
    const learners = await Promise.all(Array.from({ length: Math.ceil(terminals / TERMINALS_PER_LEARNER) }, () => learner()));
    try {
      const all = await Promise.all(Array.from({ length: terminals }, (_, i) => openTerminal(learners[i % learners.length]!.client)));
      const samples = (await Promise.all(all.map(terminal => type(terminal, keys, PAUSE_MS)))).flat();
      rows.push({ what: `key to echo, ${terminals} terminal${terminals > 1 ? 's' : ''}`, unit: 'ms', slipway: summarise(samples), goal: { p99: 15 } });
    } finally {
      for (const { client } of learners) client.disconnect();
    }
  }
  return rows;
}
