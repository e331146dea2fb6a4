// Proving to a registry who one is: the challenge of its 401, basic credentials, bearer tokens. Credentials come with each request of the
// client (`X-Registry-Auth`) and are kept nowhere. A token's realm is an address that came from a lab: it is asked through the same transport.
// https://distribution.github.io/distribution/spec/auth/token/
import { z } from 'zod';
import { SlipwayError } from '../errors.ts';
import type { Transport } from './transport.ts';
import { json, refusal, textOf } from './words.ts';

export type Credentials = { username?: string | undefined; password?: string | undefined; identitytoken?: string | undefined; registrytoken?: string | undefined };
export type Challenge = { scheme: 'basic' | 'bearer'; parameters: Record<string, string> };

const credentialsSchema = z.object({ username: z.string(), password: z.string(), auth: z.string(), identitytoken: z.string(), registrytoken: z.string() }).partial();

/** The header `X-Registry-Auth`: base64url of JSON. What cannot be read counts as none, as in dockerd. */
export function credentialsOf(header: string | undefined): Credentials {
  const told = credentialsSchema.safeParse(json(Buffer.from(header ?? '', 'base64url').toString('utf8')));
  if (!told.success) return {};
  const { auth, ...credentials } = told.data;
  if (credentials.username || !auth) return credentials;
  const [username, ...rest] = Buffer.from(auth, 'base64').toString('utf8').split(':');
  return { ...credentials, username, password: rest.join(':') };
}

/** The header `X-Registry-Config` of a build: credentials for all registries that the client knows. */
export function credentialsFor(header: string | undefined, domain: string): Credentials {
  const told = z.record(z.string(), credentialsSchema).safeParse(json(Buffer.from(header ?? '', 'base64url').toString('utf8')));
  return told.success ? told.data[domain] ?? {} : {};
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1 */
export function challengesOf(header: string | undefined): Challenge[] {
  return [...(header ?? '').matchAll(/(?:^|,\s*)(basic|bearer)\s+((?:[a-z_]+="(?:[^"\\]|\\.)*"(?:\s*,\s*(?=[a-z_]+="))?)*)/gi)].map(([, scheme, list]) => ({
    scheme: scheme!.toLowerCase() as Challenge['scheme'],
    parameters: Object.fromEntries([...list!.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/gi)].map(([, name, value]) => [name!.toLowerCase(), value!.replace(/\\(.)/g, '$1')])),
  }));
}

/** What goes into `Authorization` for `scope`; undefined when the registry asks for nothing. */
export async function authorization(transport: Transport, challenges: Challenge[], credentials: Credentials, scope: string, signal?: AbortSignal): Promise<string | undefined> {
  if (credentials.registrytoken) return `Bearer ${credentials.registrytoken}`;
  const bearer = challenges.find(challenge => challenge.scheme === 'bearer');
  if (bearer) return `Bearer ${await tokenOf(transport, bearer.parameters, credentials, scope, signal)}`;
  if (!challenges.some(challenge => challenge.scheme === 'basic')) return undefined;
  if (!credentials.username) throw new SlipwayError('Unauthorized', 'no basic auth credentials');
  return basic(credentials);
}

const basic = ({ username, password }: Credentials) => `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`;
const tokenSchema = z.object({ token: z.string().optional(), access_token: z.string().optional() });

async function tokenOf(transport: Transport, { realm, service }: Record<string, string>, credentials: Credentials, scope: string, signal?: AbortSignal): Promise<string> {
  if (!realm) throw new SlipwayError('System', 'no realm specified for token auth challenge');
  const asked = { ...(service ? { service } : {}), ...(scope ? { scope } : {}) };
  let answer;
  if (credentials.identitytoken) {
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: credentials.identitytoken, client_id: 'docker', ...asked }).toString();
    answer = await transport.send(realm, { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body, signal });
  } else {
    const query = new URLSearchParams({ ...(credentials.username ? { account: credentials.username } : {}), ...asked });
    const headers: Record<string, string> = credentials.username ? { Authorization: basic(credentials) } : {};
    answer = await transport.send(`${realm}${realm.includes('?') ? '&' : '?'}${query.toString()}`, { method: 'GET', headers, signal });
  }
  if (answer.statusCode !== 200) throw await refusal(answer);
  const told = tokenSchema.safeParse(json(await textOf(answer)));
  const token = told.success ? told.data.token || told.data.access_token : undefined;
  if (!token) throw new SlipwayError('System', 'authorization server did not include a token in the response');
  return token;
}
