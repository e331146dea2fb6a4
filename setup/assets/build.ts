// Builds what all instances share, below SLIPWAY_ASSETS: disk pool, workstation, toolbox, image library; with `clients`, what tests need too. Run by root:
// `node setup/assets/build.ts [step…]`. Steps whose inputs have not changed are skipped; progress lines go to stdout (step.ts).
import { join } from 'node:path';
import { assetsDir } from '../../runtime/paths.ts';
import { buildClients, clientsPresent, clientsRecipe } from './clients.ts';
import { lock } from './lock.ts';
import { runStep, type AssetStep } from './step.ts';
import { steps } from './steps.ts';
import { removeOldToolboxes } from './toolbox.ts';

/** Built only when named: tests drive labs with them. */
const onDemand: AssetStep[] = [
  { name: 'clients', recipe: clientsRecipe, present: clientsPresent, build: buildClients },
];

let release = async () => {};
try {
  if (process.getuid?.() !== 0) throw new Error('The assets have to be built by root.');
  const asked = process.argv.slice(2);
  const all = [...steps, ...onDemand];
  const unknown = asked.find(name => !all.some(step => step.name === name));
  if (unknown) throw new Error(`There is no step "${unknown}": there are ${all.map(step => step.name).join(', ')}.`);
  release = await lock(join(assetsDir, '.lock'), () => console.log('progress pool 0 waiting for another set-up'));
  for (const step of asked.length === 0 ? steps : all.filter(one => asked.includes(one.name))) await runStep(step);
  await removeOldToolboxes();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await release();
}
