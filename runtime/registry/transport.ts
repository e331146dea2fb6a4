// HTTP and HTTPS over connections of a lab's network. Called by client.ts and token.ts; knows nothing of registries' paths.
// Errors read as Go's do (`Get "http://localhost:5000/v2/": dial tcp …`), since learners see them.
import { Agent, request, type ClientRequestArgs, type IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import { SlipwayError } from '../errors.ts';
import { passedOn } from '../passed-on.ts';
import { hostOf, isInsecure, type Network } from './network.ts';

/** A server that says nothing for so long has died. */
const SILENCE_MS = 60_000;
const MAX_REDIRECTS = 10;
const MAX_SOCKETS = 6;

export type Sending = {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH';
  headers?: Record<string, string>;
  body?: string | AsyncIterable<Buffer>;
  signal?: AbortSignal | undefined;
};

export interface Transport {
  /** The answer's head; its body has to be read or destroyed. GET and HEAD follow redirects, without credentials to another host. */
  send(url: string, sending: Sending): Promise<IncomingMessage>;
  /** Whether this registry may speak plain HTTP, or TLS with any certificate. */
  lax(registry: string): Promise<boolean>;
  /** Closes all connections. */
  close(): void;
}

export function openTransport(network: Network): Transport {
  const agents = new Map<string, LabAgent>();
  const agentOf = ({ origin, protocol, host }: URL) => {
    const agent = agents.get(origin) ?? new LabAgent(network, protocol === 'https:' ? host : null);
    agents.set(origin, agent);
    return agent;
  };

  async function send(address: string, sending: Sending): Promise<IncomingMessage> {
    let url = urlOf(address);
    let headers = sending.headers ?? {};
    for (let hop = 0; ; hop++) {
      const answer = await once(agentOf(url), url, { ...sending, headers });
      const location = answer.headers.location;
      if (!(sending.method === 'GET' || sending.method === 'HEAD') || ![301, 302, 303, 307, 308].includes(answer.statusCode!) || location === undefined) return answer;
      answer.destroy();
      if (hop === MAX_REDIRECTS) throw failed(sending.method, address, `stopped after ${MAX_REDIRECTS} redirects`);
      const next = urlOf(location, url);
      if (next.host !== url.host) headers = Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'));
      url = next;
    }
  }
  return { send, lax: registry => isLax(network, registry), close: () => { for (const agent of agents.values()) agent.destroy(); } };
}

const isLax = async (network: Network, registry: string) => !network.strict && (isInsecure(registry) || (await network.lax?.(registry) ?? false));

function urlOf(address: string, base?: URL): URL {
  const url = URL.parse(address, base?.href);
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) throw new SlipwayError('System', `unsupported protocol scheme in ${JSON.stringify(address)}`);
  return url;
}

function once(agent: LabAgent, url: URL, { method, headers, body, signal }: Sending): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(failed(method, url.href, error.message, error));
    const asked = request({
      agent, method, host: url.hostname, port: Number(url.port) || (url.protocol === 'https:' ? 443 : 80), path: url.pathname + url.search,
      headers: { 'Host': url.host, 'User-Agent': 'docker/26.1.5 (slipway)', 'Accept-Encoding': 'identity', ...headers, ...(typeof body === 'string' ? { 'Content-Length': String(Buffer.byteLength(body)) } : {}) },
      timeout: SILENCE_MS, ...(signal ? { signal } : {}),
    });
    asked.on('error', fail);
    asked.on('timeout', () => asked.destroy(new Error('context deadline exceeded')));
    asked.on('response', resolve);
    if (body === undefined || typeof body === 'string') return void asked.end(body);
    feed(asked, body).catch((error: Error) => {
      reject(error);
      asked.destroy(error);
    });
  });
}

async function feed(asked: NodeJS.WritableStream & { destroyed: boolean }, body: AsyncIterable<Buffer>): Promise<void> {
  for await (const chunk of body) {
    passedOn(chunk.length);
    if (asked.destroyed) return; // the request has failed already, or was answered early
    if (!asked.write(chunk)) await new Promise<void>(resolve => {
      const ready = () => { asked.off('drain', ready).off('close', ready); resolve(); };
      asked.on('drain', ready).on('close', ready);
    });
  }
  asked.end();
}

/** Go names methods like this in its errors. */
const failed = (method: string, url: string, why: string, cause?: Error) => new SlipwayError('System', `${method[0]}${method.slice(1).toLowerCase()} "${url}": ${why}`, cause instanceof SlipwayError ? {} : { cause });

type Connected = (error: Error | null, stream: Duplex) => void;

/** Connections to one origin. `secure` is the registry's `host:port` when it speaks TLS. */
class LabAgent extends Agent {
  private readonly network: Network;
  private readonly secure: string | null;
  constructor(network: Network, secure: string | null) {
    super({ keepAlive: true, maxSockets: MAX_SOCKETS });
    this.network = network;
    this.secure = secure;
  }

  override createConnection(options: ClientRequestArgs, callback?: Connected): undefined {
    void this.connect(options, callback!);
  }

  private async connect(options: ClientRequestArgs, connected: Connected): Promise<void> {
    let stream: Duplex;
    try {
      stream = await this.open(options);
    } catch (error) {
      return connected(error as Error, undefined as unknown as Duplex);
    }
    connected(null, stream);
  }

  private async open({ host, port }: ClientRequestArgs): Promise<Duplex> {
    const name = hostOf(host!);
    const raw = await this.network.dial(name, Number(port));
    if (this.secure === null) return raw;
    const lax = await isLax(this.network, this.secure);
    const ca = lax ? undefined : await this.network.authorities(this.secure);
    return new Promise((resolve, reject) => {
      const secured = connect({ socket: raw, rejectUnauthorized: !lax, ...(isIP(name) ? { host: name } : { servername: name }), ...(ca === undefined ? {} : { ca }) });
      const onError = (error: NodeJS.ErrnoException) => {
        raw.destroy();
        reject(new SlipwayError('Unavailable', tlsWords(error)));
      };
      secured.setTimeout(10_000, () => onError(new Error('net/http: TLS handshake timeout')));
      secured.once('error', onError).once('close', () => onError(new Error('EOF')));
      secured.once('secureConnect', () => {
        secured.off('error', onError).setTimeout(0);
        resolve(secured);
      });
    });
  }
}

/** OpenSSL's words, in Go's. */
function tlsWords({ code, message }: NodeJS.ErrnoException): string {
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/.test(code ?? '')) return 'http: server gave HTTP response to HTTPS client';
  if (/SELF_SIGNED|UNABLE_TO_(VERIFY|GET)/.test(code ?? '')) return 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
  return message;
}
