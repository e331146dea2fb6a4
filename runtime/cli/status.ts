// `slipway status | stop`.
import { setTimeout as sleep } from 'node:timers/promises';
import { SlipwayError } from '../errors.ts';
import { readStatus } from '../supervisor/status.ts';
import { withEngine } from './engine.ts';
import { printTable } from './table.ts';

/** Exit code 3 when it does not run, as `systemctl status` has it. */
export async function showStatus(options: { json?: boolean | undefined }): Promise<number> {
  const status = readStatus();
  if (options.json) console.log(JSON.stringify(status ?? { running: false }));
  else if (!status) console.log('Slipway is not running. Start it with npm start.');
  else {
    console.log(`Slipway (${status.instance}) at ${status.url}, process ${status.pid}\n`);
    printTable(['PROCESS', 'PID', 'STATE', 'RESTARTS'], status.services.map(service => [service.name, String(service.pid ?? '–'), service.state, String(service.restarts)]));
  }
  return status ? 0 : 3;
}

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
