// After a restart of the engine: what builds, pulls and copies were at work on when the old one died is nobody's any more. Called by restore.ts.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sourcesDir } from '../buildkit/context.ts';
import { secretsDir } from '../build/run-mounts.ts';
import type { Host } from '../container/model.ts';
import { hostDir } from '../container/records.ts';
import { remove } from '../container/remove.ts';
import { runScript } from '../kernel/stream.ts';
import { scratchDir } from '../snapshot/layer-path.ts';
import { script } from '../snapshot/scripts.ts';

export async function clearBuilds(host: Host): Promise<void> {
  await Promise.all([...host.containers.values()].filter(c => c.record.ofBuild).map(container => remove(host, container, { force: true, volumes: true })));
  if (!existsSync(join(hostDir(host.ref), 'images.json'))) return; // whoever has no image has built nothing
  const body = `awk -v scratch="$1/" 'index($5, scratch) == 1 { print $5 }' /proc/self/mountinfo | sort -r | while IFS= read -r place; do umount -l "$place"; done
rm -rf "$1" "$2" "$3"`;
  await runScript(host, { argv: script(body, scratchDir, secretsDir, sourcesDir) });
}
