// A lab for the length of a measurement.
import { controlVerbs, type ControlVerbs, type Lab } from '../runtime/lab/control.ts';
import { engineSocket } from '../runtime/paths.ts';
import { RpcClient } from '../runtime/rpc.ts';

export type Engine = RpcClient<ControlVerbs>;

export async function withEngine<T>(work: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = new RpcClient(engineSocket, controlVerbs);
  try {
    return await work(engine);
  } finally {
    engine.close();
  }
}

export const withLab = <T>(work: (lab: Lab, engine: Engine) => Promise<T>) => withEngine(async engine => {
  const lab = await engine.call('createLab', { name: 'bench' });
  try {
    return await work(lab, engine);
  } finally {
    await engine.call('disposeLab', { lab: lab.id });
  }
});
