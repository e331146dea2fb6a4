// What the engine says of itself to clients, and which API versions it serves. Used by every answer's headers, /version and /info.
import { SlipwayError } from '../errors.ts';

/** The Docker release whose behaviour this engine has, marked as ours the way Debian marks its builds: equal to 26.1.5 in semver. */
export const ENGINE_VERSION = '26.1.5+slipway';
export const API_VERSION = '1.45';
export const MIN_API_VERSION = '1.24';
/** 2: BuildKit, for clients that have buildx. */
export const BUILDER_VERSION = '2';

export const identityHeaders = {
  'Api-Version': API_VERSION,
  'Docker-Experimental': 'false',
  'Ostype': 'linux',
  'Server': `Docker/${ENGINE_VERSION} (linux)`,
} as const;

/** Splits `/v1.41/info` into its version and `/info`; without a prefix it is the newest version. Throws for a version not served. */
export function splitVersion(path: string): { version: string; path: string } {
  const match = /^\/v([0-9.]+)(\/.*)$/.exec(path);
  if (!match) return { version: API_VERSION, path };
  const [, version = '', rest = ''] = match;
  if (isOlder(version, MIN_API_VERSION)) {
    throw new SlipwayError('InvalidParameter', `client version ${version} is too old. Minimum supported API version is ${MIN_API_VERSION}, please upgrade your client to a newer version`);
  }
  if (isOlder(API_VERSION, version)) {
    throw new SlipwayError('InvalidParameter', `client version ${version} is too new. Maximum supported API version is ${API_VERSION}`);
  }
  return { version, path: rest };
}

export function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [thanMajor = 0, thanMinor = 0] = than.split('.').map(Number);
  return major < thanMajor || (major === thanMajor && minor < thanMinor);
}
