// After a restart of the engine: what builds, pulls, loads and copies were at work on when the old one died is nobody's any more: their helpers, their
// scratch, layers that no image has got yet, containers whose making was cut off. Called by labs.ts before clients are served, since theirs is the next.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sourcesDir } from '../buildkit/context.ts';
import { secretsDir } from '../build/run-mounts.ts';
import type { Host } from '../container/model.ts';
import { hostDir } from '../container/records.ts';
import { remove } from '../container/remove.ts';
import type { ImageStore } from '../image/model.ts';
import { ShimConnection, type TaskEnd } from '../kernel/shim.ts';
import { runScript } from '../kernel/stream.ts';
import { taskSocket } from '../paths.ts';
import { directoryOf, isLocal, keyOfDirectory, localLayersDir, sandboxesDir, scratchDir } from '../snapshot/layer-path.ts';
import { EMPTY_DIFF_ID } from '../snapshot/layers.ts';
import { script } from '../snapshot/scripts.ts';

const SIGKILL = 9;
/** A helper whose kernel call hangs ends by its own deadline. */
const PATIENCE_MS = 2_000;

export async function clearBuilds(host: Host, images: Pick<ImageStore, 'hasLayer' | 'all' | 'remove'>): Promise<void> {
  await endHelpers(host);
  await Promise.all([...host.containers.values()].filter(c => c.record.ofBuild).map(container => remove(host, container, { force: true, volumes: true })));
  if (!existsSync(join(hostDir(host.ref), 'images.json'))) return; // whoever has no image has built nothing
  const body = `awk -v scratch="$1/" 'index($5, scratch) == 1 { print $5 }' /proc/self/mountinfo | sort -r | while IFS= read -r place; do umount -l "$place"; done
rm -rf "$1" "$2" "$3"; ls "$4" "$5"; true`;
  const { stdout } = await runScript(host, { argv: script(body, scratchDir, secretsDir, sourcesDir, localLayersDir, sandboxesDir) });
  // The list is a learner's: only names of our form are looked at, and what is removed is removed as they could themselves.
  const names = new Set(stdout.split('\n'));
  const layers = [...names].filter(name => /^[0-9a-f]{24}$/.test(name) && !images.hasLayer(keyOfDirectory(name)));
  const containers = [...names].filter(name => /^[0-9a-f]{64}$/.test(name) && !host.containers.has(name));
  const places = [...layers.map(name => `${localLayersDir}/${name}`), ...containers.flatMap(id => [`${localLayersDir}/${id}`, `${sandboxesDir}/${id}`])];
  if (places.length) await runScript(host, { argv: ['busybox', 'rm', '-rf', ...places] });
  // A loss of power may have taken files whose record is older on the disk: such an image is none. One that a container rests on stays; its start says what is missing.
  const lost = images.all().filter(image => image.layers.some(({ key, diffId }) => isLocal(key) && diffId !== EMPTY_DIFF_ID && !names.has(directoryOf(key))));
  for (const { id } of lost) await images.remove(id, { force: true }).catch(() => undefined);
}

/** They wait for input that nobody sends any more, or for somebody to take their output. */
async function endHelpers(host: Host) {
  const { lab, host: id } = host.ref;
  const helpers = (await host.broker.call('listTasks', host.ref)).filter(task => task.startsWith('helper-'));
  await Promise.all(helpers.map(async task => {
    const shim = await ShimConnection.open(taskSocket(lab, id, task)).catch(() => undefined);
    if (!shim) return;
    const ended = new Promise<TaskEnd>(resolve => shim.once('end', resolve));
    const patience = setTimeout(() => shim.close(), PATIENCE_MS);
    shim.signal(SIGKILL);
    await ended;
    clearTimeout(patience);
  }));
}
