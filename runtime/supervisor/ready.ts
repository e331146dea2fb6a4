// "Does it answer yet?" Asked again every 20 ms, which is how a start of all three stays within seconds.
import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const PERIOD_MS = 20;
const PATIENCE_MS = 60_000; // a loaded, emulated machine

/** A unix socket that somebody listens on. Rejects after a minute. */
export const answersSocket = (path: string) => eventually(path, () => new Promise((resolve, reject) => {
  const socket = createConnection(path, () => { socket.destroy(); resolve(); });
  socket.once('error', reject);
}));

/** An HTTP address that answers at all. */
export const answersHttp = (url: string) => eventually(url, async () => {
  const answer = await fetch(url, { redirect: 'manual' });
  await answer.body?.cancel();
});

async function eventually(what: string, attempt: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`${what} did not answer within ${PATIENCE_MS / 1000} s`, { cause: error });
    }
    await sleep(PERIOD_MS);
  }
}
