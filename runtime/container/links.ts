// Legacy links (`--link db:alias`) of the default bridge: entries of /etc/hosts and environment variables, found out at each start. On a
// user-defined network a link is a name that the name server answers to the linking container alone (network/names.ts).
// https://docs.docker.com/engine/network/links/
import { asSlipwayError, SlipwayError } from '../errors.ts';
import { parseLink } from '../network/parse-link.ts';
import { parsePort } from '../network/port-bindings.ts';
import { hostnameOf } from './paths.ts';
import { resolve } from './resolve.ts';
import type { Container, ContainerRecord, Endpoint, Host } from './model.ts';

/** As `docker inspect` shows them, with the other checked to be there. */
export function namedLinks(host: Host, links: readonly string[] | null, name: string): string[] | null {
  return links && links.map(text => {
    const { target, alias } = parseLink(text);
    try {
      return `/${resolve(host, target).record.name}:/${name}/${alias}`;
    } catch (error) {
      throw new SlipwayError('InvalidParameter', `could not get container for ${target}: ${asSlipwayError(error).message}`, { cause: error });
    }
  });
}

/** Throws Docker's words when a linked container does not run. */
export function findLinks(host: Host, record: ContainerRecord): { hosts: string[]; env: string[] } {
  const found = { hosts: [] as string[], env: [] as string[] };
  for (const text of record.hostConfig.NetworkMode === 'bridge' ? record.hostConfig.Links ?? [] : []) {
    const { target, alias } = parseLink(text);
    const other = resolve(host, target);
    const endpoint = endpointIn(other, 'bridge');
    if (!endpoint) {
      if (!('bridge' in other.record.endpoints)) throw new SlipwayError('InvalidParameter', `Cannot link to /${other.record.name}, as it does not belong to the default network`);
      throw new SlipwayError('InvalidParameter', `Cannot link to a non running container: /${other.record.name} AS /${record.name}/${alias}`);
    }
    found.hosts.push(`${endpoint.ip}\t${[...new Set([alias, hostnameOf(other.record), other.record.name])].join(' ')}`);
    found.env.push(...environmentOf(other.record, endpoint, alias, record.name));
  }
  return found;
}

function endpointIn({ record: { state } }: Container, network: string): Endpoint | undefined {
  return state.status === 'running' || state.status === 'paused' ? state.endpoints.find(e => e.network === network) : undefined;
}

function environmentOf(other: ContainerRecord, { ip }: Endpoint, alias: string, name: string): string[] {
  const prefix = alias.toUpperCase().replaceAll('-', '_');
  const ports = [...new Set([...Object.keys(other.config.ExposedPorts ?? {}), ...Object.keys(other.hostConfig.PortBindings)])].map(parsePort).sort((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : 1));
  const first = ports.find(p => p.protocol === 'tcp') ?? ports[0];
  return [
    ...(first ? [`${prefix}_PORT=${first.protocol}://${ip}:${first.port}`] : []),
    ...ports.flatMap(({ port, protocol }) => {
      const one = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`;
      return [`${one}=${protocol}://${ip}:${port}`, `${one}_ADDR=${ip}`, `${one}_PORT=${port}`, `${one}_PROTO=${protocol}`];
    }),
    `${prefix}_NAME=/${name}/${alias}`,
    ...(other.config.Env ?? []).filter(e => e.includes('=') && !/^(HOME|PATH)=/.test(e)).map(e => `${prefix}_ENV_${e}`),
  ];
}
