// Tries credentials at a registry, for `docker login`. Nothing is kept: the client writes them into its own configuration.
// https://github.com/moby/moby/blob/v26.1.5/registry/auth.go
import { STATUS_CODES } from 'node:http';
import { asSlipwayError, SlipwayError } from '../errors.ts';
import { authorization, type Credentials } from './auth.ts';
import { ping } from './client.ts';
import type { Network } from './network.ts';
import { openTransport } from './transport.ts';

export async function login(network: Network, domain: string, credentials: Credentials, signal?: AbortSignal, known?: string): Promise<void> {
  const transport = openTransport(network);
  try {
    const { origin, challenges } = await ping(transport, domain, signal, known);
    const proof = await authorization(transport, challenges, credentials, '', signal).catch((error: unknown) => {
      const { kind, message } = asSlipwayError(error);
      throw kind === 'Unauthorized' ? new SlipwayError('System', `Get "${origin}/v2/": ${message}`, { cause: error }) : error;
    });
    const answer = await transport.send(`${origin}/v2/`, { method: 'GET', headers: proof ? { Authorization: proof } : {}, signal });
    answer.resume();
    if (answer.statusCode === 200) return;
    throw new SlipwayError('System', `login attempt to ${origin}/v2/ failed with status: ${answer.statusCode} ${STATUS_CODES[answer.statusCode!] ?? ''}`.trim());
  } finally {
    transport.close();
  }
}
