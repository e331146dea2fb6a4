// The operator's settings about upstream registries: which ones labs may have images from, which repositories of them, how much of it. One JSON file
// (SLIPWAY_UPSTREAMS), read by the engine (what is allowed) and by the mirror (where it is, and as whom). Read again when it has changed, so that
// no restart is needed; a file that cannot be understood changes nothing and is told of. Passwords are in files of their own.
import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { SlipwayError } from '../errors.ts';
import { hostOf, isInsecure } from './network.ts';

const UNITS: Readonly<Record<string, number>> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, KiB: 1024, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };
const bytesSchema = z.unknown().transform((value, context) => {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*(\w+)$/.exec(String(value)) ?? [];
  if (typeof value === 'string' && number && unit && UNITS[unit]) return Math.round(Number(number) * UNITS[unit]);
  context.addIssue({ code: 'custom', message: `${JSON.stringify(value)} is no size: write bytes as a number, or such as "20 GB"` });
  return z.NEVER;
});

const upstreamSchema = z.strictObject({
  /** As labs name it: docker.io, ghcr.io, registry.example.org:5000. */
  domain: z.string().regex(/^[a-z0-9.-]+(:\d+)?$/, 'is no registry\'s name').refine(domain => !isInsecure(domain), 'in a lab that name means the lab itself'),
  /** Where it is; https:// and the domain unless told otherwise. */
  url: z.url({ protocol: /^https?$/ }).transform(url => new URL(url).origin).optional(),
  /** Repositories: `library/python`; * stands for anything but a slash, ** for anything. */
  allow: z.array(z.string().regex(/^[a-z0-9._/*-]+$/, 'is no pattern of a repository\'s name')).min(1, 'name at least one repository'),
  /** A file with the certificates (PEM) that this registry's is signed with, when no public authority has. */
  ca: z.string().startsWith('/', 'give the whole path').optional(),
  username: z.string().min(1).optional(),
  /** Only the password is in it; only slipway-mirror need be able to read it. */
  passwordFile: z.string().startsWith('/', 'give the whole path').optional(),
}).refine(({ username, passwordFile }) => (username === undefined) === (passwordFile === undefined), 'username and passwordFile belong together');

const settingsSchema = z.strictObject({
  upstreams: z.array(upstreamSchema).refine(all => new Set(all.map(({ domain }) => domain)).size === all.length, 'a domain is there twice').default([]),
  /** What unpacked layers may take on this machine. The mirror keeps up to a quarter of it besides, as it came. */
  diskBytes: bytesSchema.default(20e9),
  /** What one lab may cause to be fetched in an hour. Layers that are there already cost nothing. */
  labBytesPerHour: bytesSchema.default(4e9),
  /** For so long a tag means what it meant when it was last looked up. */
  tagSeconds: z.number().nonnegative().default(300),
});
export type Settings = z.infer<typeof settingsSchema>;
export type Upstream = z.infer<typeof upstreamSchema>;

export function parseSettings(text: string): Settings {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new SlipwayError('InvalidParameter', `it is not JSON: ${(error as Error).message}`);
  }
  const { success, data, error } = settingsSchema.safeParse(json);
  if (!success) throw new SlipwayError('InvalidParameter', error.issues.map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': ')).join('; '));
  return data;
}

/** https://docker.io is a web page; its registry has another name. */
export const originOf = ({ domain, url }: Upstream) => url ?? `https://${domain === 'docker.io' ? 'registry-1.docker.io' : domain}`;
export const hostnameOf = (upstream: Upstream) => hostOf(new URL(originOf(upstream)).host);

export const isAllowed = ({ allow }: Upstream, repository: string) => allow.some(pattern => expressionOf(pattern).test(repository));
const expressionOf = (pattern: string) => new RegExp(`^${pattern.split(/(\*\*|\*)/).map(part => (part === '**' ? '.*' : part === '*' ? '[^/]*' : part.replaceAll('.', '\\.'))).join('')}$`);

export interface Upstreams {
  /** As they are now. */
  settings(): Settings;
  of(domain: string): Upstream | undefined;
}

/** A file that cannot be understood is told of, and what was known before holds: at first nothing, so that a slip of the pen stops no class. */
export function openUpstreams(file: string, onError: (error: unknown) => void): Upstreams {
  let known = '';
  let settings: Settings = settingsSchema.parse({});
  const look = () => {
    if (file === '') return settings;
    const stat = statSync(file, { throwIfNoEntry: false });
    const version = stat ? `${stat.ino} ${stat.mtimeMs} ${stat.size}` : '';
    if (version !== known) {
      known = version;
      settings = stat ? readSettings(file) : settingsSchema.parse({});
    }
    return settings;
  };
  const now = () => {
    try {
      return look();
    } catch (error) {
      onError(error);
      return settings;
    }
  };
  now();
  return { settings: now, of: domain => now().upstreams.find(upstream => upstream.domain === domain) };
}

export function readSettings(file: string): Settings {
  try {
    return parseSettings(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new SlipwayError('InvalidParameter', `${file}: ${(error as Error).message}`, { cause: error });
  }
}
