// Bridges and packet rules that the learner has taken away are made anew, for all networks and containers of the host. Called when a start, a connect or a
// new network has failed for want of them (network/lost.ts): the next try works.
import { mendSteps } from '../network/mend.ts';
import { runHelper } from './helper.ts';
import type { Host } from './model.ts';

export async function mendNetworks(host: Host): Promise<void> {
  const bridges = host.networks.all().filter(n => n.driver === 'bridge');
  const endpoints = [...host.containers.values()].flatMap(({ record: { state } }) => (state.status === 'running' || state.status === 'paused' ? state.endpoints : []));
  await runHelper(host, { argv: ['busybox', 'true'], after: mendSteps(bridges, endpoints) });
}
