// A build as a client asks for it: the frontend's attributes, decoded. Everything is a lab's word. What is not understood is refused by name.
// https://github.com/moby/buildkit/blob/v0.13.2/frontend/dockerui/config.go
import { SlipwayError } from '../errors.ts';

export interface BuildRequest {
  filename: string;
  target: string;
  buildArgs: Record<string, string>;
  labels: Record<string, string>;
  namedContexts: Map<string, string>;
  /** Every stage, or those named. */
  noCache: boolean;
  noCacheStages: string[];
  pull: boolean;
  network: string;
  hostOptions: Record<string, unknown>;
  /** Empty: a directory of the client's session; else where its archive or Dockerfile is to be had. */
  context: string;
  platform: string;
  hostname: string;
}

const KNOWN = ['filename', 'target', 'no-cache', 'image-resolve-mode', 'platform', 'add-hosts', 'force-network-mode', 'cgroup-parent', 'shm-size', 'ulimit', 'context', 'contextkey', 'dockerfilekey', 'contextsubdir', 'multi-platform', 'source', 'frontend.caps', 'cmdline', 'hostname',
  'cache-imports', 'cache-from']; // there is nothing to bring in: the cache goes by what steps are made of, whoever made them
const PREFIXES = ['build-arg:', 'label:', 'context:', 'attest:', 'input-metadata:', 'vcs:'];
const invalid = (what: string) => new SlipwayError('InvalidParameter', what);

export function parseRequest(attrs: Readonly<Record<string, string>>): BuildRequest {
  const unknown = Object.keys(attrs).find(name => !KNOWN.includes(name) && !PREFIXES.some(prefix => name.startsWith(prefix)));
  if (unknown !== undefined) throw invalid(`this engine's builder does not know the option ${unknown}`);
  const below = (prefix: string) => Object.fromEntries(Object.entries(attrs).filter(([name]) => name.startsWith(prefix)).map(([name, value]) => [name.slice(prefix.length), value]));
  const network = attrs['force-network-mode'] ?? '';
  if (!['', 'default', 'none', 'host', 'sandbox'].includes(network)) throw invalid(`unsupported network mode ${JSON.stringify(network)}`);
  if ((attrs.platform ?? '').includes(',')) throw invalid('multiple platforms are not supported: this engine builds for the machine it runs on');
  return {
    filename: attrs.filename || 'Dockerfile', target: attrs.target ?? '', buildArgs: below('build-arg:'), labels: below('label:'), namedContexts: new Map(Object.entries(below('context:')).map(([name, value]) => [name.replace(/::.*$/, ''), value])),
    noCache: attrs['no-cache'] === '', noCacheStages: (attrs['no-cache'] ?? '').split(',').filter(Boolean), pull: attrs['image-resolve-mode'] === 'pull',
    network: network === 'default' || network === 'sandbox' ? '' : network,
    hostOptions: {
      ...(attrs['add-hosts'] ? { ExtraHosts: csv(attrs['add-hosts']).map(entry => entry.replace('=', ':')) } : {}),
      ...(attrs['shm-size'] ? { ShmSize: wholeNumber('shm-size', attrs['shm-size']) } : {}),
      ...(attrs.ulimit ? { Ulimits: csv(attrs.ulimit).map(parseUlimit) } : {}),
    },
    context: attrs.context ?? '', platform: attrs.platform ?? '', hostname: attrs.hostname ?? '',
  };
}

/** What .dockerignore keeps out, as patterns for the client: https://github.com/moby/patternmatcher/blob/v0.6.0/ignorefile/ignorefile.go */
export function ignorePatterns(text: string): string[] {
  return text.replace(/^\uFEFF/, '').split(/\r?\n/).filter(line => !line.startsWith('#')).map(line => line.trim()).filter(Boolean).map(line => {
    const negated = line.startsWith('!');
    const path = (negated ? line.slice(1).trim() : line).split('/').reduce<string[]>((parts, part) => (part === '' || part === '.' ? parts : part === '..' && parts.length && parts.at(-1) !== '..' ? parts.slice(0, -1) : [...parts, part]), []).join('/') || '.';
    return `${negated ? '!' : ''}${path}`;
  });
}

const csv = (text: string) => text.split(',').map(field => field.trim()).filter(Boolean);

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw invalid(`invalid value ${JSON.stringify(text)} for ${name}`);
  return Number(text);
}

function parseUlimit(text: string): { Name: string; Soft: number; Hard: number } {
  const match = /^([a-z]+)=(-?\d{1,15})(?::(-?\d{1,15}))?$/.exec(text);
  if (!match) throw invalid(`invalid ulimit: ${text}`);
  return { Name: match[1]!, Soft: Number(match[2]), Hard: Number(match[3] ?? match[2]) };
}
