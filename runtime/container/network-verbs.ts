// POST /networks/create and DELETE /networks/{id}: the record, and the bridge in the host. Also what brings bridges back in a host made anew.
import { SlipwayError } from '../errors.ts';
import { newNetwork, type NetworkRequest } from '../network/create-network.ts';
import { makeBridge, removeBridge } from '../network/host-network.ts';
import type { Network } from '../network/model.ts';
import { MADE_ANEW } from '../network/lost.ts';
import { mendNetworks } from './mend.ts';
import { hasNames } from '../network/names.ts';
import { stepFailure } from './runtime-errors.ts';
import { runHelper } from './helper.ts';
import { timestamp } from './time.ts';
import type { Host } from './model.ts';

export async function createNetwork(host: Host, request: NetworkRequest): Promise<Network> {
  const network = newNetwork(host.networks, request, timestamp());
  host.networks.add(network); // name and subnet are taken from here on
  try {
    await runHelper(host, { argv: ['busybox', 'true'], before: makeBridge(network) });
    if (hasNames(network)) await host.nameServer.ensure();
  } catch (error) {
    host.networks.remove(network);
    await runHelper(host, { argv: ['busybox', 'true'], after: removeBridge(network) }).catch(failure => host.onError(failure));
    const failure = stepFailure(error, network.name);
    if (failure instanceof SlipwayError && failure.message.endsWith(MADE_ANEW)) await mendNetworks(host).catch(problem => host.onError(problem));
    throw failure;
  }
  host.events.emit('network', 'create', network.id, { name: network.name, type: network.driver });
  return network;
}

export async function removeNetwork(host: Host, network: Network): Promise<void> {
  if (network.builtin) throw new SlipwayError('Forbidden', `${network.name} is a pre-defined network and cannot be removed`);
  if (network.configOnly && host.networks.all().some(n => n.configFrom === network.name)) throw new SlipwayError('Forbidden', `error while removing network: configuration network ${JSON.stringify(network.name)} is in use`);
  if (host.networks.members(network).size > 0) throw new SlipwayError('Forbidden', `error while removing network: network ${network.name} id ${network.id} has active endpoints`);
  host.networks.remove(network);
  await runHelper(host, { argv: ['busybox', 'true'], after: removeBridge(network) });
  host.events.emit('network', 'destroy', network.id, { name: network.name, type: network.driver });
}

/** In a host that has just been made again from its records. */
export async function restoreNetworks(host: Host): Promise<void> {
  const userDefined = host.networks.all().filter(n => !n.builtin);
  if (userDefined.length === 0) return;
  await runHelper(host, { argv: ['busybox', 'true'], before: userDefined.flatMap(makeBridge) });
  if (userDefined.some(hasNames)) await host.nameServer.ensure();
}
