// The directories that processes share, with the owner and mode each rests on. Made at every start, because /run is empty after a reboot.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ENGINE_USER, GROUP, MIRROR_USER, REGISTRY_USER, WEB_USER } from '../ids.ts';
import { engineDir, labRecordsDir, mirrorDir, mirrorSocket, previewsDir, registrySocket, runDir, stateDir, webDir } from '../paths.ts';

export function makeDirs() {
  const group = idOf('group', GROUP);
  const root = 0;
  const engine = idOf('passwd', ENGINE_USER);
  const web = idOf('passwd', WEB_USER);
  own(stateDir, root, root, 0o755);
  // Root's own, since root makes directories in it: whoever could rename them could lead root elsewhere. The engine makes its socket one level below.
  own(runDir, root, root, 0o755);
  own(join(runDir, 'engine'), engine, group, 0o755);
  own(join(runDir, 'labs'), root, group, 0o710); // a lab's docker socket is for those who may have it anyway, not for every user of the machine
  own(join(runDir, 'app'), root, root, 0o755);
  own(join(runDir, 'cell'), root, root, 0o700);
  own(previewsDir, root, root, 0o755);
  for (const [user, socket] of [[MIRROR_USER, mirrorSocket], [REGISTRY_USER, registrySocket]] as const) own(dirname(socket), idOf('passwd', user), idOf('group', user), 0o755);
  own(mirrorDir, idOf('passwd', MIRROR_USER), idOf('group', MIRROR_USER), 0o700);
  own(engineDir, engine, group, 0o700);
  own(webDir, web, group, 0o700);
  own(labRecordsDir, root, root, 0o711);
}

/** A service's socket to exactly those who may talk to it. Until now only its maker and root could: sockets are made without write permission for others. */
export function ownSocket(path: string, user: string, mode: number) {
  chownSync(path, idOf('passwd', user), idOf('group', GROUP));
  chmodSync(path, mode);
}

function own(path: string, uid: number, gid: number, mode: number) {
  mkdirSync(path, { recursive: true });
  chownSync(path, uid, gid);
  chmodSync(path, mode);
}

function idOf(database: 'passwd' | 'group', name: string): number {
  try {
    return Number(execFileSync('getent', [database, name], { encoding: 'utf8' }).split(':')[2]);
  } catch (error) {
    throw new Error(`There is no ${database === 'group' ? 'group' : 'user'} ${name} on this machine: run set-up first.`, { cause: error });
  }
}
