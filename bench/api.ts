// What clients wait for, without the client: the API of a lab beside dockerd's, request by request, in turns. The stock docker command needs 12 ms and more to
// start, which is the same for both and hides what takes one or two. Called by main.ts.
import { Agent, request } from 'node:http';
import { createConnection } from 'node:net';
import { once } from 'node:events';
import { dockerAt, dockerdAddress, pullBusybox } from './docker.ts';
import { withLab } from './lab.ts';
import { summarise, type Row } from './report.ts';

interface Daemon { socketPath: string; agent: Agent }
interface Answer { ms: number; status: number; body: string }

export const measureApi = (runs: number) => withLab(async lab => {
  const addresses = [lab.hosts[0]!.dockerHost, dockerdAddress()].filter(address => address !== undefined);
  const daemons = addresses.map((address): Daemon => ({ socketPath: address.replace('unix://', ''), agent: new Agent({ keepAlive: true }) }));
  const samples = new Map<string, number[][]>();
  for (const address of addresses) await pullBusybox(dockerAt(address));
  const logs = await Promise.all(daemons.map(async daemon => { const id = await create(daemon, 'seq', '1', '10000'); await post(daemon, `/containers/${id}/start`); await post(daemon, `/containers/${id}/wait`); return id; }));
  try {
    for (let turn = -2; turn < runs; turn++) {
      for (const [i, daemon] of turn % 2 ? daemons.entries() : [...daemons.entries()].toReversed()) {
        const note = (what: string, { ms, status, body }: Answer) => {
          if (status >= 400) throw new Error(`${what}: ${status} ${body}`);
          const all = samples.get(what) ?? daemons.map(() => []);
          samples.set(what, all);
          if (turn >= 0) all[i]!.push(ms); // the first two fill caches
          return body;
        };
        const { Id: id } = JSON.parse(note('create', await post(daemon, '/containers/create', { Image: 'busybox', Cmd: ['sleep', '1000'] }))) as { Id: string };
        note('start', await post(daemon, `/containers/${id}/start`));
        note('exec true', await exec(daemon, id));
        note('inspect', await ask(daemon, 'GET', `/containers/${id}/json`));
        note('ps', await ask(daemon, 'GET', '/containers/json'));
        note('logs, 10,000 lines', await ask(daemon, 'GET', `/containers/${logs[i]}/logs?stdout=1`));
        note('stop (which ends at once)', await post(daemon, `/containers/${id}/stop?signal=KILL`));
        await post(daemon, `/containers/${id}/start`);
        note('rm -f', await ask(daemon, 'DELETE', `/containers/${id}?force=1`));
      }
    }
  } finally {
    for (const [i, daemon] of daemons.entries()) {
      await ask(daemon, 'DELETE', `/containers/${logs[i]}?force=1`);
      daemon.agent.destroy();
    }
  }
  return [...samples].map(([what, [ours, theirs]]): Row => ({ what: `the API: ${what}`, unit: 'ms', slipway: summarise(ours!), dockerd: theirs ? summarise(theirs) : 'not measured', goal: { share: 0.4 } }));
});

const create = async (daemon: Daemon, ...Cmd: string[]) => (JSON.parse((await post(daemon, '/containers/create', { Image: 'busybox', Cmd })).body) as { Id: string }).Id;
const post = (daemon: Daemon, path: string, body?: unknown) => ask(daemon, 'POST', path, body);

function ask({ socketPath, agent }: Daemon, method: string, path: string, body?: unknown): Promise<Answer> {
  const started = performance.now();
  const text = body === undefined ? '' : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    request({ socketPath, agent, method, path: `/v1.45${path}`, headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) } }, answer => {
      let said = '';
      answer.setEncoding('utf8').on('data', (part: string) => { said += part; }).on('end', () => resolve({ ms: performance.now() - started, status: answer.statusCode!, body: said })).on('error', reject);
    }).on('error', reject).end(text);
  });
}

/** As the client does it: made, started over a connection of its own that ends with the command, asked how it ended. */
async function exec(daemon: Daemon, container: string): Promise<Answer> {
  const started = performance.now();
  const { Id } = JSON.parse((await post(daemon, `/containers/${container}/exec`, { Cmd: ['true'], AttachStdout: true, AttachStderr: true })).body) as { Id: string };
  const body = '{"Detach":false,"Tty":false}';
  const socket = createConnection(daemon.socketPath);
  socket.resume().write(`POST /v1.45/exec/${Id}/start HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  await once(socket, 'close');
  const answer = await ask(daemon, 'GET', `/exec/${Id}/json`);
  return { ...answer, ms: performance.now() - started };
}
