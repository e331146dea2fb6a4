// Names of images: parsing and normalising as Docker does (`nginx` is `docker.io/library/nginx`), with Docker's own error texts.
// Pure. The grammar: https://github.com/distribution/reference/blob/v0.6.0/reference.go
import { SlipwayError } from '../errors.ts';

/** A normalised name. At least one of tag and digest is there only when the text had one (see withDefaultTag). */
export type Reference = {
  /** `docker.io`, `localhost:5000` */
  domain: string;
  /** `library/nginx` */
  path: string;
  tag?: string;
  digest?: string;
};

const ALNUM = '[a-z0-9]+';
const COMPONENT = `${ALNUM}(?:(?:[_.]|__|[-]+)${ALNUM})*`;
const DOMAIN_PART = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const DOMAIN = `(?:${DOMAIN_PART}(?:\\.${DOMAIN_PART})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const TAG = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}';
const DIGEST = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';
const REFERENCE = new RegExp(`^(${DOMAIN})/(${COMPONENT}(?:/${COMPONENT})*)(?::(${TAG}))?(?:@(${DIGEST}))?$`);
const ID = /^[a-f0-9]{64}$/;
const MAX_PATH = 255;
export const DEFAULT_DOMAIN = 'docker.io';
const LEGACY_DOMAIN = 'index.docker.io';
const OFFICIAL = 'library/';

/** Parses what a user wrote. Throws InvalidParameter with Docker's text. */
export function parseReference(text: string): Reference {
  if (ID.test(text)) throw invalid(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  const [domain, rest] = splitDomain(text);
  const name = rest.split(':', 1)[0]!;
  if (name !== name.toLowerCase()) throw invalid(`invalid reference format: repository name (${name}) must be lowercase`);
  const found = REFERENCE.exec(`${domain}/${rest}`);
  if (!found) throw invalid('invalid reference format');
  const [, , path, tag, digest] = found;
  if (path!.length > MAX_PATH) throw invalid(`repository name must not be more than ${MAX_PATH} characters`);
  if (digest !== undefined) checkDigest(digest);
  return { domain, path: path!, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** Adds the separate `tag` parameter of the API, which may be a digest too. */
export function withTag(reference: Reference, tag: string): Reference {
  const { domain, path } = reference;
  if (isCanonicalDigest(tag)) return { domain, path, digest: tag };
  if (!new RegExp(`^${TAG}$`).test(tag)) throw invalid('invalid tag format');
  return { ...reference, tag };
}

/** `latest` is meant when there is neither tag nor digest. */
export const withDefaultTag = (reference: Reference): Reference => reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: 'latest' } : reference;

/** The full name, `docker.io/library/nginx:1.22`. What has both is kept by its digest: a tag may move, content cannot. */
export function canonicalName(reference: Reference): string {
  const { domain, path, tag, digest } = withDefaultTag(reference);
  return digest === undefined ? `${domain}/${path}:${tag}` : `${domain}/${path}@${digest}`;
}

/** As people write the repository: `nginx`, `user/app`, `localhost:5000/app`. */
export function familiarName({ domain, path }: Reference): string {
  if (domain !== DEFAULT_DOMAIN) return `${domain}/${path}`;
  const official = path.startsWith(OFFICIAL) && !path.slice(OFFICIAL.length).includes('/');
  return official ? path.slice(OFFICIAL.length) : path;
}

/** As people write it, with tag and digest. */
export function familiarString(reference: Reference): string {
  const { tag, digest } = reference;
  return `${familiarName(reference)}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** An id written in full, with or without `sha256:`. */
export const asFullId = (text: string): string | undefined => ID.test(text) ? `sha256:${text}` : /^sha256:[a-f0-9]{64}$/.test(text) ? text : undefined;

function splitDomain(text: string): [domain: string, rest: string] {
  const slash = text.indexOf('/');
  if (slash === -1) return [DEFAULT_DOMAIN, OFFICIAL + text];
  const first = text.slice(0, slash);
  const rest = text.slice(slash + 1);
  const isDefault = first === DEFAULT_DOMAIN || first === LEGACY_DOMAIN;
  if (isDefault) return [DEFAULT_DOMAIN, rest.includes('/') ? rest : OFFICIAL + rest];
  // An upper-case letter may not stand in a repository's name, so it must be a host's.
  if (first === 'localhost' || /[.:]/.test(first) || first !== first.toLowerCase()) return [first, rest];
  return [DEFAULT_DOMAIN, text];
}

const HEX_LENGTH: Record<string, number> = { sha256: 64, sha384: 96, sha512: 128 };

function checkDigest(digest: string): void {
  const [algorithm, hex] = digest.split(':') as [string, string];
  const length = HEX_LENGTH[algorithm];
  if (length === undefined) throw invalid('unsupported digest algorithm');
  if (hex.length !== length) throw invalid('invalid checksum digest length');
  if (hex !== hex.toLowerCase()) throw invalid('invalid checksum digest format');
}

const isCanonicalDigest = (text: string) => /^(sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})$/.test(text);
const invalid = (message: string) => new SlipwayError('InvalidParameter', message);
