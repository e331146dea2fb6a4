// DELETE /volumes/{name}: the directory, removed inside the host, and the record. Whether it is in use is the caller's question.
import { runHelper } from './helper.ts';
import type { Host } from './model.ts';
import { REMOVE_VOLUMES } from '../volume/options.ts';
import { volumesRoot } from '../volume/volumes.ts';

export async function removeVolume(host: Host, name: string): Promise<void> {
  await runHelper(host, { argv: ['busybox', 'sh', '-c', REMOVE_VOLUMES, 'sh', `${volumesRoot}/${name}`] });
  host.volumes.forget(name);
  host.events.emit('volume', 'destroy', name, { driver: 'local' });
}
