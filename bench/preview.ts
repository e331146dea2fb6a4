// A lab's page in the browser: how fast a large file comes through the preview, and how much later its first byte is than over the direct path, which is
// the same connection into the lab without the web process.
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { dialThrough } from '../runtime/kernel/dial.ts';
import { readStatus } from '../runtime/supervisor/status.ts';
import type { PortView, Problem } from '../server/protocol.ts';
import { dockerAt, pullBusybox } from './docker.ts';
import { withEngine } from './lab.ts';
import { good, learner } from './learner.ts';
import { summarise, type Row } from './report.ts';

const FILE_BYTES = 10_000_000;
const PORT = 8080;
const PATIENCE_MS = 30_000;

/** A name that is no localhost: there the site has ports on its own origin, in a sandbox. */
const ELSEWHERE = 'lab.test';

export const measurePreview = async (runs: number): Promise<Row[]> => {
  const own = await measureWay(runs);
  const sandboxed = await measureWay(runs, `${ELSEWHERE}:${new URL(readStatus()!.url).port}`);
  return [
    { what: 'preview of a 10 MB file', unit: 'MB/s', slipway: own.speed, goal: { atLeast: 100 } },
    { what: 'preview of a 10 MB file, in the sandbox', unit: 'MB/s', slipway: sandboxed.speed, goal: { atLeast: 100 } },
    { what: 'first byte of a preview', unit: 'ms', slipway: own.preview, goal: { p50: own.direct.p50 + 10 } },
    { what: 'first byte of a preview, in the sandbox', unit: 'ms', slipway: sandboxed.preview, goal: { p50: sandboxed.direct.p50 + 10 } },
    { what: '  the same over the direct path', unit: 'ms', slipway: own.direct },
  ];
};

const measureWay = (runs: number, host?: string) => withEngine(async engine => {
  const known = new Set((await engine.call('listLabs', {})).map(lab => lab.id));
  const { client } = await learner(host === undefined ? {} : { host });
  const lab = (await engine.call('listLabs', {})).find(one => !known.has(one.id) && one.state === 'running' && one.name.startsWith('learner'))!;
  try {
    const ref = { lab: lab.id, host: lab.hosts[0]!.id };
    const docker = dockerAt(lab.hosts[0]!.dockerHost);
    await pullBusybox(docker);
    await docker('run', '-d', '-p', `${PORT}:80`, 'busybox', 'sh', '-c', `mkdir /w; echo small > /w/small; head -c ${FILE_BYTES} /dev/zero > /w/large; exec httpd -f -h /w`);
    await published(client);
    const site = new URL(readStatus()!.url);
    const { url, sandboxed } = good(await client.emitWithAck('preview:open', { port: PORT }) as { url: string; sandboxed: boolean } | Problem);
    if (sandboxed !== (host !== undefined)) throw new Error(`the port was opened at ${url}`);
    const link = new URL(url);
    const through = async () => connected(connect(Number(site.port), '127.0.0.1'));
    const base = sandboxed ? link.pathname.slice(0, -1) : '';
    const headers = { host: link.host, ...(sandboxed ? {} : { cookie: (await get(await through(), `${link.pathname}${link.search}`, { host: link.host })).cookie }) };
    const { socketPath } = await engine.call('relay', ref);
    const direct = () => dialThrough(socketPath, '127.0.0.1', PORT);

    const until = performance.now() + PATIENCE_MS; // the file is being written, and then somebody listens
    while ((await get(await through(), `${base}/small`, headers)).status !== 200) if (performance.now() > until) throw new Error('the preview never answered');
    const speeds: number[] = [];
    const times = { preview: [] as number[], direct: [] as number[] };
    for (let turn = -2; turn < runs; turn++) {
      const large = await get(await through(), `${base}/large`, headers);
      if (large.bytes !== FILE_BYTES) throw new Error(`the preview gave ${large.bytes} bytes, status ${large.status}`);
      const [preview, plain] = [await get(through, `${base}/small`, headers), await get(direct, '/small', { host: 'localhost' })];
      if (turn < 0) continue;
      speeds.push(FILE_BYTES / 1e3 / large.endMs);
      times.preview.push(preview.firstMs);
      times.direct.push(plain.firstMs);
    }
    return { speed: summarise(speeds), preview: summarise(times.preview), direct: summarise(times.direct) };
  } finally {
    client.disconnect();
    await engine.call('disposeLab', { lab: lab.id });
  }
});

async function published(client: Awaited<ReturnType<typeof learner>>['client']): Promise<void> {
  const isThere = (ports: PortView[]) => ports.some(one => one.port === PORT);
  const told = new Promise<void>((resolve, reject) => {
    client.on('lab:ports', ports => { if (isThere(ports)) resolve(); });
    setTimeout(() => reject(new Error('the port was never told of')), PATIENCE_MS).unref();
  });
  told.catch(() => undefined); // it may be there already
  if (!isThere(good(await client.emitWithAck('preview:ports', {}) as { ports: PortView[] } | Problem).ports)) await told;
}

const connected = (socket: Socket) => new Promise<Socket>((resolve, reject) => { socket.once('connect', () => resolve(socket)).once('error', reject); });

/** Times count from before the connection, where that is made here. */
async function get(from: Socket | (() => Promise<Socket>), path: string, headers: Record<string, string>) {
  const started = performance.now();
  const socket = typeof from === 'function' ? await from() : from;
  return new Promise<{ status: number; cookie: string; bytes: number; firstMs: number; endMs: number }>((resolve, reject) => {
    request({ path, headers: { ...headers, connection: 'close' }, createConnection: () => socket }, answer => {
      let bytes = 0;
      let firstMs = 0;
      const cookie = String(answer.headers['set-cookie'] ?? '').split(';')[0]!;
      answer.on('data', (part: Buffer) => { firstMs ||= performance.now() - started; bytes += part.length; })
        .on('end', () => { socket.destroy(); resolve({ status: answer.statusCode ?? 0, cookie, bytes, firstMs, endMs: performance.now() - started }); }).on('error', reject);
    }).on('error', reject).end();
  });
}
