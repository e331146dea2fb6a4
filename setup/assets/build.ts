// Builds what all instances share, below SLIPWAY_ASSETS: disk pool, workstation, toolbox, image library; with `clients`, what tests need too. Run by root:
// `node setup/assets/build.ts [step…]`. Steps whose inputs have not changed are skipped; progress lines go to stdout (step.ts).
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { assetsDir, libraryDir, toolboxDir } from '../../runtime/paths.ts';
import { buildClients, clientsPresent, clientsRecipe } from './clients.ts';
import { layersPresent, layersRecipe, unpackLayers } from './layers.ts';
import { buildLibrary, libraryRecipe } from './library/images.ts';
import { lock } from './lock.ts';
import { isMounted, preparePool } from './pool.ts';
import { buildRegistryServer, buildStorage, registryPresent, registryRecipe, storagePresent, storageRecipe } from './registry.ts';
import { runStep, type AssetStep } from './step.ts';
import { buildToolbox, removeOldToolboxes, toolboxRecipe } from './toolbox.ts';
import { buildWorkstation, currentWorkstation, workstationRecipe } from './workstation.ts';

const steps: AssetStep[] = [
  { name: 'pool', recipe: async () => 1, present: isMounted, build: preparePool },
  { name: 'workstation', recipe: workstationRecipe, present: async () => await currentWorkstation() !== undefined, build: buildWorkstation },
  { name: 'toolbox', recipe: toolboxRecipe, present: () => exists(toolboxDir), build: buildToolbox },
  { name: 'library', recipe: libraryRecipe, present: () => exists(`${libraryDir}/index.json`), build: buildLibrary },
  { name: 'layers', recipe: layersRecipe, present: layersPresent, build: unpackLayers },
  { name: 'registry', recipe: registryRecipe, present: registryPresent, build: buildRegistryServer },
  { name: 'registry-storage', recipe: storageRecipe, present: storagePresent, build: buildStorage },
];
/** Built only when named: tests drive labs with them. */
const onDemand: AssetStep[] = [
  { name: 'clients', recipe: clientsRecipe, present: clientsPresent, build: buildClients },
];

const exists = (path: string) => stat(path).then(() => true, () => false);

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
