// What `docker network create --opt` may say of a bridge, checked in dockerd's words, and what follows from it. Pure.
// https://docs.docker.com/engine/network/drivers/bridge/#options
import { isIP } from 'node:net';
import { SlipwayError } from '../errors.ts';
import type { Network } from './model.ts';

const PREFIX = 'com.docker.network.';
/** What Go's strconv.ParseBool takes. */
const [YES, NO] = [['1', 't', 'T', 'TRUE', 'true', 'True'], ['0', 'f', 'F', 'FALSE', 'false', 'False']];

export const wantsIcc = ({ options }: Pick<Network, 'options'>) => !NO.includes(options[`${PREFIX}bridge.enable_icc`] ?? '');
export const wantsMasquerade = ({ options }: Pick<Network, 'options'>) => !NO.includes(options[`${PREFIX}bridge.enable_ip_masquerade`] ?? '');
/** '' where it is the kernel's own; 0, as dockerd has it, is that too. */
export const mtuOf = ({ options }: Pick<Network, 'options'>) => (Number(options[`${PREFIX}driver.mtu`] ?? 0) > 0 ? String(Number(options[`${PREFIX}driver.mtu`])) : '');
export const ifnamePrefix = ({ options }: Pick<Network, 'options'>) => options[`${PREFIX}container_iface_prefix`] || 'eth';

export function checkBridgeOptions(options: Readonly<Record<string, string>>) {
  const invalid = (message: string) => new SlipwayError('InvalidParameter', message);
  for (const name of ['bridge.enable_icc', 'bridge.enable_ip_masquerade', 'bridge.inhibit_ipv4', 'enable_ipv6']) {
    const value = options[PREFIX + name];
    if (value !== undefined && ![...YES, ...NO].includes(value)) throw invalid(`failed to parse ${PREFIX}${name} value: ${value} (strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax)`);
  }
  const address = options[`${PREFIX}bridge.host_binding_ipv4`];
  if (address !== undefined && isIP(address) === 0) throw invalid(`failed to parse ${PREFIX}bridge.host_binding_ipv4 value: ${address} (nil ip)`);
  const prefix = options[`${PREFIX}container_iface_prefix`];
  if (prefix && !/^[\w.-]{1,12}$/.test(prefix)) throw new SlipwayError('System', 'invalid argument');
  const mtu = options[`${PREFIX}driver.mtu`];
  if (mtu === undefined) return;
  if (!/^[+-]?\d+$/.test(mtu)) throw invalid(`failed to parse ${PREFIX}driver.mtu value: ${mtu} (strconv.Atoi: parsing ${JSON.stringify(mtu)}: invalid syntax)`);
  if (Number(mtu) < 0) throw new SlipwayError('InvalidParameter', `invalid MTU number: ${mtu}`);
  if (Number(mtu) > 0 && (Number(mtu) < 68 || Number(mtu) > 65_535)) throw new SlipwayError('System', 'invalid argument');
}
