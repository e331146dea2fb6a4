// `slipway status | stop`.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { SlipwayError } from '../errors.ts';
import type { Lab } from '../lab/control.ts';
import { readStatus } from '../supervisor/status.ts';
import { withEngine } from './engine.ts';
import { printTable } from './table.ts';

/** Exit code 3 when it does not run, as `systemctl status` has it. */
export async function showStatus(options: { json?: boolean | undefined }): Promise<number> {
  const status = readStatus();
  const inside = status && (await ask().catch((error: unknown) => ({ engine: error instanceof Error ? error.message : String(error) })));
  if (options.json) console.log(JSON.stringify(status ? { running: true, ...status, processes: Object.fromEntries(status.services.map(({ name, ...service }) => [name, service])), ...inside } : { running: false }));
  else if (!status) console.log('Slipway is not running. Start it with npm start.');
  else {
    console.log(`Slipway (${status.instance}) at ${status.url}, process ${status.pid}\n`);
    printTable(['PROCESS', 'PID', 'STATE', 'RESTARTS', 'MEMORY'], status.services.map(service => [service.name, String(service.pid ?? '–'), service.state, String(service.restarts), memoryOf(service.pid)]));
    if (inside && 'labs' in inside) {
      const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
      const { labs, pool, memory, disk } = inside;
      console.log(`\n${labs.running} labs run${labs.most === null ? '' : ` (${labs.most} at most)`}, ${labs.frozen} of them frozen, and ${labs.suspended} are suspended; ${pool.ready} wait to be opened (${pool.min} to ${pool.max})`);
      console.log(`${gib(memory.free)} of ${gib(memory.total)} memory and ${gib(disk.free)} of ${gib(disk.total)} disk are free`);
      console.log(`labs that run have ${gib(disk.labs.running)} on disk, suspended ones ${gib(disk.labs.suspended)}`);
    } else if (inside) console.log(`\nThe engine does not answer: ${inside.engine}`);
    const errors = status.services.flatMap(({ name, errors: all }) => all.map(error => ({ name, ...error }))).sort((a, b) => (a.at < b.at ? -1 : 1));
    for (const { at, name, what } of errors.slice(-5)) console.log(`${at} ${name}: ${what}`);
  }
  return status ? 0 : 3;
}

/** Resident, pages that it shares with others included: what everybody may read. */
function memoryOf(pid: number | null): string {
  try {
    return `${Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024)} MiB`;
  } catch {
    return '–'; // between two lives
  }
}

const ask = () => withEngine(async engine => {
  const [labs, pool, room, figures] = await Promise.all([engine.call('listLabs', {}), engine.call('pool', {}), engine.call('room', {}), engine.call('figures', {})]);
  const isSuspended = new Set(labs.filter(lab => lab.state === 'suspended').map(lab => lab.id));
  const onDisk = (suspended: boolean) => figures.filter(({ lab }) => isSuspended.has(lab) === suspended).reduce((all, { diskBytes, recordsBytes }) => all + (diskBytes ?? 0) + (recordsBytes ?? 0), 0);
  const count = (state: Lab['state']) => labs.filter(lab => lab.state === state).length;
  return { ...room, disk: { ...room.disk, labs: { running: onDisk(false), suspended: onDisk(true) } }, labs: { running: count('running') + count('frozen'), frozen: count('frozen'), suspended: count('suspended'), most: room.labs.most }, pool };
});

export async function stopAll(options: { labs?: boolean | undefined }): Promise<number> {
  const status = readStatus();
  if (!status) {
    console.log('Slipway is not running.');
    return 0;
  }
  if (options.labs) {
    await withEngine(async engine => {
      for (const lab of await engine.call('listLabs', {})) await engine.call('disposeLab', { lab: lab.id });
    });
  }
  try {
    process.kill(status.pid, 'SIGTERM');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPERM') throw new SlipwayError('Forbidden', 'only root may stop it: try again with sudo', { cause: error });
    throw error;
  }
  while (readStatus()?.pid === status.pid) await sleep(50);
  console.log('Slipway has stopped.');
  return 0;
}
