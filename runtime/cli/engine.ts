// A connection to the engine for the length of one command.
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { SlipwayError } from '../errors.ts';
import { controlVerbs, type ControlVerbs, type Lab } from '../lab/control.ts';
import { engineSocket } from '../paths.ts';
import { RpcClient } from '../rpc.ts';

export async function withEngine<T>(work: (engine: RpcClient<ControlVerbs>) => Promise<T>): Promise<T> {
  await access(engineSocket, constants.R_OK | constants.W_OK).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EACCES') throw new SlipwayError('Forbidden', 'only root may speak to the engine: try again with sudo', { cause: error });
    throw new SlipwayError('Unavailable', 'Slipway is not running: start it with npm start', { cause: error });
  });
  const engine = new RpcClient(engineSocket, controlVerbs);
  try {
    return await work(engine);
  } catch (error) {
    // It was started before this command line was built.
    if (error instanceof SlipwayError && /^unknown verb |: unexpected answer: /.test(error.message)) throw new SlipwayError('Unavailable', 'the Slipway that runs is of another version than this command: restart it (systemctl restart slipway, or Ctrl-C and npm start; labs are kept)', { cause: error });
    throw error;
  } finally {
    engine.close();
  }
}

/** A lab by its id, or by its name when only one lab has it. */
export async function findLab(engine: RpcClient<ControlVerbs>, idOrName: string): Promise<Lab> {
  const labs = await engine.call('listLabs', {});
  const found = labs.filter(lab => lab.id === idOrName);
  const named = found.length ? found : labs.filter(lab => lab.name === idOrName);
  if (named.length > 1) throw new SlipwayError('InvalidParameter', `several labs are called ${idOrName}: ${named.map(lab => lab.id).join(', ')}`);
  if (!named[0]) throw new SlipwayError('NotFound', `no such lab: ${idOrName} (npx slipway lab ls shows all)`);
  return named[0];
}
