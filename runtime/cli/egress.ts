// `slipway egress`: what labs may reach outside. Writes the operator's file, which only root can, and has a Slipway that runs go by it at once; what is no
// longer permitted is cut off before the command ends. Classes and lessons can but wish for some of it (kernel/egress.ts).
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { SlipwayError } from '../errors.ts';
import { egressSettingsSchema, PROGRAMS, readEgressSettings, type EgressSettings } from '../kernel/egress-settings.ts';
import { egressFile, engineSocket } from '../paths.ts';
import { withEngine } from './engine.ts';

export async function showEgress(options: { json?: boolean | undefined }): Promise<number> {
  const settings = readEgressSettings();
  const labs = existsSync(engineSocket) ? await withEngine(async engine => (await engine.call('egress', {})).labs.length) : 0;
  if (options.json) console.log(JSON.stringify({ ...settings, labs }));
  else if (settings.allow.length === 0) console.log('Labs reach nothing outside. To permit something: slipway egress allow deb.debian.org:80');
  else console.log(`Labs may reach:\n${settings.allow.map(entry => `  ${entry}\n`).join('')}\nWho: ${settings.everyone ? 'all labs' : 'labs whose class or lesson wants it'}. Each at most ${settings.bitsPerSecond / 1e6} Mbit/s each way and ${settings.connectionsPerSecond} new connections a second. Labs with a way out now: ${labs}.`);
  return 0;
}

/** Instead of what was permitted before. */
export function allowEgress(allow: string[]): Promise<number> {
  const missing = Object.entries(PROGRAMS).filter(([program]) => !`${process.env.PATH ?? ''}:/usr/sbin:/sbin`.split(delimiter).some(dir => existsSync(join(dir, program))));
  if (allow.length && missing.length) throw new SlipwayError('Unavailable', `this needs ${missing.map(([program]) => program).join(', ')} on the machine: apt-get install ${[...new Set(missing.map(([, name]) => name))].join(' ')}`);
  return change({ allow });
}

export const egressForEveryone = (everyone: boolean): Promise<number> => change({ everyone });

export function limitEgress({ mbit, connections }: { mbit?: string | undefined; connections?: string | undefined }): Promise<number> {
  return change({ ...(mbit === undefined ? {} : { bitsPerSecond: Math.round(Number(mbit) * 1e6) }), ...(connections === undefined ? {} : { connectionsPerSecond: Number(connections) }) });
}

async function change(some: Partial<EgressSettings>): Promise<number> {
  const parsed = egressSettingsSchema.safeParse({ ...readEgressSettings(), ...some });
  if (!parsed.success) throw new SlipwayError('InvalidParameter', parsed.error.issues.map(({ path, message }) => (path[0] === 'allow' ? message : `${path.join('.')}: ${message}`)).join('\n'));
  try {
    writeFileSync(`${egressFile}.new`, `${JSON.stringify(parsed.data, null, 2)}\n`, { mode: 0o644 });
    renameSync(`${egressFile}.new`, egressFile);
  } catch (error) {
    throw new SlipwayError('Forbidden', `${egressFile} cannot be written: ${(error as Error).message}; only root changes what labs may reach`, { cause: error });
  }
  if (existsSync(engineSocket)) await withEngine(engine => engine.call('egressChanged', {}));
  return showEgress({});
}
