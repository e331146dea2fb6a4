// The steps that make what all instances share, in their order. Run by build.ts; operator.ts runs those that follow from the library's index.
import { stat } from 'node:fs/promises';
import { toolboxDir } from '../../runtime/paths.ts';
import { layersPresent, layersRecipe, unpackLayers } from './layers.ts';
import { buildLibrary, libraryPresent, libraryRecipe } from './library/images.ts';
import { isMounted, preparePool } from './pool.ts';
import { buildRegistryServer, buildStorage, registryPresent, registryRecipe, storagePresent, storageRecipe } from './registry.ts';
import type { AssetStep } from './step.ts';
import { buildToolbox, toolboxRecipe } from './toolbox.ts';
import { buildWorkstation, currentWorkstation, workstationRecipe } from './workstation.ts';

const exists = (path: string) => stat(path).then(() => true, () => false);

const layers: AssetStep = { name: 'layers', recipe: layersRecipe, present: layersPresent, build: unpackLayers };
const storage: AssetStep = { name: 'registry-storage', recipe: storageRecipe, present: storagePresent, build: buildStorage };

export const steps: readonly AssetStep[] = [
  { name: 'pool', recipe: async () => 1, present: isMounted, build: preparePool },
  { name: 'workstation', recipe: workstationRecipe, present: async () => await currentWorkstation() !== undefined, build: buildWorkstation },
  { name: 'toolbox', recipe: toolboxRecipe, present: () => exists(toolboxDir), build: buildToolbox },
  { name: 'library', recipe: libraryRecipe, present: libraryPresent, build: buildLibrary },
  layers,
  { name: 'registry', recipe: registryRecipe, present: registryPresent, build: buildRegistryServer },
  storage,
];

/** What has to be as the library's index says. */
export const afterLibrary: readonly AssetStep[] = [layers, storage];
