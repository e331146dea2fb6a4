// Which networks a new container is to be in, and whether its other options go with its network mode. In dockerd's words.
import { SlipwayError } from '../errors.ts';
import { listed } from '../network/create-network.ts';
import { addressComplaints, isNoMac } from './connect.ts';
import type { ContainerConfig, EndpointRequest, HostConfig } from './config.ts';
import { hostnameOf } from './paths.ts';
import type { Host } from './model.ts';

const NOTHING_ASKED: EndpointRequest = { IPAMConfig: null, Links: null, Aliases: null, MacAddress: '', NetworkID: '', DriverOpts: null };

/** Shares another's network namespace, and so its files and its name. */
export const isShared = (mode: string) => mode === 'host' || mode.startsWith('container:');

/** By name of network. One that is not there stays under what the user called it: the start says so. */
export function wantedEndpoints(host: Host, hostConfig: HostConfig, asked: Record<string, EndpointRequest | null>, mac: string): Record<string, EndpointRequest | null> {
  const mode = hostConfig.NetworkMode;
  const nameOf = (ref: string) => host.networks.find(ref)?.name ?? ref;
  const wanted: Record<string, EndpointRequest | null> = mode.startsWith('container:') ? {} : { [nameOf(mode)]: null };
  for (const [ref, request] of Object.entries(asked)) wanted[nameOf(ref === 'default' ? 'bridge' : ref)] = request;
  if (mode.startsWith('container:')) {
    const other = Object.entries(wanted).find(([, request]) => request?.IPAMConfig?.IPv4Address || request?.IPAMConfig?.IPv6Address)?.[0];
    if (other !== undefined) throw new SlipwayError('InvalidParameter', `invalid config for network ${other}: invalid endpoint settings:\nuser specified IP address is supported on user defined networks only`);
    return wanted;
  }
  if (mac) wanted[nameOf(mode)] = { ...(wanted[nameOf(mode)] ?? NOTHING_ASKED), MacAddress: mac };
  for (const [name, request] of Object.entries(wanted)) {
    const network = host.networks.find(name);
    const complaints = network ? addressComplaints(network, request) : [];
    if (complaints.length) throw new SlipwayError('InvalidParameter', `invalid config for network ${name}: invalid endpoint settings:\n${listed(complaints)}`);
    if (isNoMac(request)) throw new SlipwayError('InvalidParameter', `invalid config for network ${name}: invalid MAC address ${request!.MacAddress}`);
  }
  const names = Object.keys(wanted);
  if (names.length > 1 && names.some(n => n === 'host' || n === 'none')) throw new SlipwayError('InvalidParameter', 'conflicting options: cannot attach both user-defined and non-user-defined network-modes');
  return wanted;
}

/** A container that joins another's network takes its host name too. */
export function checkNetworkMode(host: Host, config: ContainerConfig, hostConfig: HostConfig) {
  const conflict = (what: string) => new SlipwayError('InvalidParameter', `conflicting options: ${what}`);
  const mode = hostConfig.NetworkMode;
  if (hostConfig.UTSMode === 'host' && config.Hostname) throw conflict('hostname and the UTS mode');
  if (hostConfig.UTSMode === 'host' && config.Domainname) throw conflict('domainname and the UTS mode');
  if (mode === 'host' && hostConfig.Links?.length) throw conflict('host type networking can\'t be used with links. This would result in undefined behavior');
  if (!mode.startsWith('container:')) return;
  if (mode === 'container:') throw new SlipwayError('InvalidParameter', 'Invalid network mode: invalid container format container:<name|id>');
  if (config.Hostname) throw conflict('hostname and the network mode');
  if (hostConfig.Links?.length) throw conflict('container type network can\'t be used with links. This would result in undefined behavior');
  if (hostConfig.Dns?.length) throw conflict('dns and the network mode');
  if (hostConfig.ExtraHosts?.length) throw conflict('custom host-to-IP mapping and the network mode');
  if (Object.keys(hostConfig.PortBindings).length || hostConfig.PublishAllPorts) throw conflict('port publishing and the container type network mode');
  if (Object.keys(config.ExposedPorts ?? {}).length) throw conflict('port exposing and the container type network mode');
  const other = [...host.containers.values()].find(c => c.record.id === mode.slice('container:'.length));
  if (other) config.Hostname = hostnameOf(other.record);
}
