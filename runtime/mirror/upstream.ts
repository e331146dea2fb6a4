// An upstream registry as the mirror speaks to it: with the operator's credentials, in the machine's network. A connection is kept for a while, with
// its tokens, since a pull asks for many things. Called by serve.ts.
import { readFile } from 'node:fs/promises';
import { SlipwayError } from '../errors.ts';
import type { Credentials } from '../registry/auth.ts';
import { openRegistry, type Registry } from '../registry/client.ts';
import { originOf, type Upstream } from '../registry/upstreams.ts';
import { machineNetwork } from './machine-network.ts';

const KEPT_MS = 60_000;

interface Connection { registry: Promise<Registry>; users: number; timer?: NodeJS.Timeout }
const connections = new Map<string, Connection>();

/** The registry, for as long as the work lasts. */
export async function* withUpstream<T>(upstream: Upstream, work: (registry: Registry) => AsyncIterable<T>): AsyncGenerator<T> {
  const key = JSON.stringify(upstream); // other settings, another connection
  const connection = connections.get(key) ?? { registry: connect(upstream), users: 0 };
  connections.set(key, connection);
  clearTimeout(connection.timer);
  connection.users++;
  try {
    yield* work(await connection.registry);
  } catch (error) {
    connections.delete(key); // it may have been restarted, or our password changed: the next try begins from the beginning
    throw error;
  } finally {
    if (--connection.users === 0) connection.timer = setTimeout(() => {
      if (connections.get(key) === connection) connections.delete(key);
      connection.registry.then(registry => registry.close(), () => {});
    }, connections.get(key) === connection ? KEPT_MS : 0).unref();
  }
}

async function connect(upstream: Upstream): Promise<Registry> {
  return openRegistry(machineNetwork(upstream), upstream.domain, await credentialsOf(upstream), { push: false, origin: originOf(upstream) });
}

/** Read when they are needed: a password may change. */
export const credentialsOf = async ({ username, passwordFile }: Upstream): Promise<Credentials> => (username === undefined ? {} : { username, password: await passwordIn(passwordFile!) });

async function passwordIn(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new SlipwayError('System', 'the password for this registry cannot be read: whoever runs this Slipway finds more in its log', { cause });
  });
  return text.replace(/\r?\n$/, '');
}
