// `slipway lab create | ls | rm`; snapshots and forks are in snapshots.ts.
import type { Lab } from '../lab/control.ts';
import { findLab, withEngine } from './engine.ts';
import { printTable } from './table.ts';

export const createLab = (options: { name?: string | undefined; json?: boolean | undefined }) => withEngine(async engine => {
  const lab = await engine.call('createLab', options.name === undefined ? {} : { name: options.name });
  announceLab(lab, options);
  return 0;
});

/** A lab that was just made, and what can be done with it. */
export function announceLab(lab: Lab, options: { json?: boolean | undefined }) {
  const { id, name, dockerHost } = summary(lab);
  if (options.json) console.log(JSON.stringify({ id, name, dockerHost }));
  else console.log(`${id}\n\nA terminal in it:     npx slipway lab shell ${id}\nA Docker client, as root: export DOCKER_HOST=${dockerHost}\nWhen you are done:    npx slipway lab rm ${id}`);
}

export const listLabs = (options: { json?: boolean | undefined }) => withEngine(async engine => {
  const disks = new Map((await engine.call('figures', {})).map(({ lab, diskBytes }) => [lab, diskBytes]));
  const labs = (await engine.call('listLabs', {})).map(lab => ({ ...summary(lab), diskBytes: disks.get(lab.id) ?? null }));
  if (options.json) console.log(JSON.stringify(labs));
  else printTable(['ID', 'NAME', 'STATE', 'DISK', 'CREATED', 'DOCKER HOST'], labs.map(lab => [lab.id, lab.name, lab.state, lab.diskBytes === null ? '–' : `${Math.ceil(lab.diskBytes / 1e6)} MB`, lab.createdAt, lab.dockerHost]));
  return 0;
});

/** Removes all that it can; says what it could not. */
export const removeLabs = (ids: string[]) => withEngine(async engine => {
  let exitCode = 0;
  for (const lab of ids) {
    try {
      await engine.call('disposeLab', { lab: (await findLab(engine, lab)).id });
      console.log(lab);
    } catch (error) {
      console.error(`slipway: ${lab}: ${(error as Error).message}`);
      exitCode = 1;
    }
  }
  return exitCode;
});

function summary(lab: Lab) {
  const first = lab.hosts[0];
  return { id: lab.id, name: lab.name, dockerHost: first?.dockerHost ?? '', state: lab.state === 'running' ? first?.state ?? 'stopped' : lab.state, createdAt: lab.createdAt };
}
