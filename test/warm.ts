// One lab made and removed before the tests, so that what the processes open once and keep is open when descriptors are counted.
import { controlVerbs } from '../runtime/lab/control.ts';
import { engineSocket } from '../runtime/paths.ts';
import { RpcClient } from '../runtime/rpc.ts';

export async function warmUp(): Promise<void> {
  const engine = new RpcClient(engineSocket, controlVerbs);
  try {
    const { id } = await engine.call('createLab', { name: 'warm-up' });
    await engine.call('disposeLab', { lab: id });
  } finally {
    engine.close();
  }
}

export async function labsLeft(): Promise<string[]> {
  const engine = new RpcClient(engineSocket, controlVerbs);
  try {
    const labs = await engine.call('listLabs', {});
    for (const lab of labs) await engine.call('disposeLab', { lab: lab.id });
    return labs.map(lab => `${lab.id} (${lab.name})`);
  } finally {
    engine.close();
  }
}
