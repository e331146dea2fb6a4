// `npx slipway backup FILE` and `npx slipway restore FILE` (bin/slipway runs this as dist/backup.js). Root only: a lab's disk can be read by nobody else.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { asSlipwayError, SlipwayError } from '../errors.ts';
import { putBack } from './put-back.ts';
import { takeBackup } from './take.ts';

const [command, ...rest] = process.argv.slice(2);
const [file] = rest;
const say = (text: string) => console.log(text);

try {
  if (rest.length !== 1 || !file || file.startsWith('-')) {
    console.error(`usage: slipway ${command} FILE`);
    process.exitCode = 2;
  } else {
    if (process.getuid?.() !== 0) throw new SlipwayError('Forbidden', `only root may ${command}: try again with sudo`);
    const path = resolve(file);
    if (command === 'backup') {
      const { manifest, sizeBytes } = await takeBackup(path, say);
      console.log(`${path}: ${manifest.labs.length} labs, ${manifest.snapshots.length} snapshots, ${(sizeBytes / 2 ** 20).toFixed(1)} MiB. Whoever has this file has the learners' sessions: keep it safe.`);
      if (manifest.database === 'postgresql') console.log('The database is PostgreSQL and not in it: use pg_dump.');
    } else {
      if (!existsSync(path)) throw new SlipwayError('NotFound', `there is no file ${path}`);
      const manifest = await putBack(path, say);
      console.log(`Restored: ${manifest.labs.length} labs and ${manifest.snapshots.length} snapshots of ${manifest.at}. Start Slipway: labs open when somebody opens their page.`);
    }
  }
} catch (error) {
  const { kind, message } = asSlipwayError(error);
  if (kind === 'System' && !(error instanceof SlipwayError)) console.error(error);
  else console.error(`slipway: ${message}`);
  process.exitCode = 1;
}
