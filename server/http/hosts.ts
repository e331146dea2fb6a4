// Under which names the site answers, where it is for this machine alone: a page elsewhere may give its own name our address and would then be of our origin
// (DNS rebinding), also where nothing but this machine reaches us. An address cannot be rebound, and localhost is no name of anybody's. Wired by main.ts.
import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { chooseLanguage } from '../../texts/language.ts';
import { say } from '../../texts/server.ts';

export interface KnownNames {
  listen: string;
  publicUrl: URL | undefined;
  /** Then the proxy before us says the name, and decides which there are. */
  trustProxy: boolean;
  /** Further ones, by the operator. */
  names: readonly string[];
}

/** Undefined: any name may be the operator's. */
export function nameCheck({ listen, publicUrl, trustProxy, names }: KnownNames): ((hostHeader: string | undefined) => boolean) | undefined {
  const isLocal = listen === 'localhost' || listen === '::1' || listen.startsWith('127.');
  if (!isLocal || publicUrl || trustProxy) return undefined;
  return hostHeader => {
    const name = nameOf(hostHeader);
    return isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost') || names.includes(name);
  };
}

/** Stands before all listeners that are there, and those that come. */
export function refuseOtherNames(http: Server, isKnown: ReturnType<typeof nameCheck>) {
  if (!isKnown) return;
  const others = http.emit.bind(http) as (event: string, ...args: unknown[]) => boolean;
  http.emit = (event: string, ...args: unknown[]): boolean => {
    if ((event !== 'request' && event !== 'upgrade') || isKnown((args[0] as IncomingMessage).headers.host)) return others(event, ...args);
    const request = args[0] as IncomingMessage;
    const body = `${say('page.otherName', { name: nameOf(request.headers.host) })[chooseLanguage(undefined, request.headers['accept-language'])]}\n`;
    if (event === 'request') (args[1] as ServerResponse).writeHead(421, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' }).end(body);
    else (args[1] as Duplex).on('error', () => {}).end(`HTTP/1.1 421 ${STATUS_CODES[421]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    return true;
  };
}

const nameOf = (hostHeader: string | undefined) => (hostHeader ?? '').toLowerCase().replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
