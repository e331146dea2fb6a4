// One lab made and removed before the tests, so that what the processes open once and keep is open when descriptors are counted.
import { controlVerbs } from '../runtime/lab/control.ts';
import { brokerVerbs } from '../runtime/kernel/protocol.ts';
import { brokerSocket, engineSocket } from '../runtime/paths.ts';
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

/** Labs that tests have made, through the engine or straight from the broker, and not disposed of. Disposes of them. */
export async function disposeLabsLeft(): Promise<string[]> {
  const engine = new RpcClient(engineSocket, controlVerbs);
  const broker = new RpcClient(brokerSocket, brokerVerbs);
  try {
    const known = await engine.call('listLabs', {});
    for (const { id } of known) await engine.call('disposeLab', { lab: id });
    const others = [...new Set((await broker.call('listHosts', {})).map(host => host.lab))];
    for (const lab of others) await broker.call('disposeLab', { lab });
    return [...known.map(lab => `${lab.id} (${lab.name})`), ...others];
  } finally {
    engine.close();
    broker.close();
  }
}
