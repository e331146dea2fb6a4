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

export const measurePreview = (runs: number) => withEngine(async engine => {
  const known = new Set((await engine.call('listLabs', {})).map(lab => lab.id));
  const { client } = await learner();
  const lab = (await engine.call('listLabs', {})).find(one => !known.has(one.id) && one.state === 'running' && one.name.startsWith('learner'))!;
  try {
    const host = { lab: lab.id, host: lab.hosts[0]!.id };
    const docker = dockerAt(lab.hosts[0]!.dockerHost);
    await pullBusybox(docker);
    await docker('run', '-d', '-p', `${PORT}:80`, 'busybox', 'sh', '-c', `mkdir /w; echo small > /w/small; head -c ${FILE_BYTES} /dev/zero > /w/large; exec httpd -f -h /w`);
    await published(client);
    const site = new URL(readStatus()!.url);
    const link = new URL(good(await client.emitWithAck('preview:open', { port: PORT }) as { url: string } | Problem).url);
    const through = async () => connected(connect(Number(site.port), '127.0.0.1'));
    const entered = await get(await through(), `${link.pathname}${link.search}`, { host: link.host });
    const headers = { host: link.host, cookie: entered.cookie };
    const { socketPath } = await engine.call('relay', host);
    const direct = () => dialThrough(socketPath, '127.0.0.1', PORT);

    const until = performance.now() + PATIENCE_MS; // the file is being written, and then somebody listens
    while ((await get(await through(), '/small', headers)).status !== 200) if (performance.now() > until) throw new Error('the preview never answered');
    const speeds: number[] = [];
    const times = { preview: [] as number[], direct: [] as number[] };
    for (let turn = -2; turn < runs; turn++) {
      const large = await get(await through(), '/large', headers);
      if (large.bytes !== FILE_BYTES) throw new Error(`the preview gave ${large.bytes} bytes, status ${large.status}`);
      const [preview, plain] = [await get(through, '/small', headers), await get(direct, '/small', { host: 'localhost' })];
      if (turn < 0) continue;
      speeds.push(FILE_BYTES / 1e3 / large.endMs);
      times.preview.push(preview.firstMs);
      times.direct.push(plain.firstMs);
    }
    const [preview, plain] = [summarise(times.preview), summarise(times.direct)];
    const rows: Row[] = [
      { what: 'preview of a 10 MB file', unit: 'MB/s', slipway: summarise(speeds), goal: { atLeast: 100 } },
      { what: 'first byte of a preview', unit: 'ms', slipway: preview, goal: { p50: plain.p50 + 10 } },
      { what: '  the same over the direct path', unit: 'ms', slipway: plain },
    ];
    return rows;
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
