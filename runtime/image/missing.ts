// What to say when the library lacks an image: Docker's own error, then one sentence that names the nearest image that is there.
// Pure; the texts live here only. Nothing here ever dials anything: a name with a registry's host in it is a learner's word.
import { SlipwayError } from '../errors.ts';
import { DEFAULT_DOMAIN, familiarName, familiarString, withDefaultTag, type Reference } from './reference.ts';

/** What people usually want when they ask for these; the first that the library has is named. */
const KINDS: [images: RegExp, instead: string[]][] = [
  [/^(alpine|scratch|toybox|tinycore|cirros)$/, ['alpine', 'busybox']],
  [/^(ubuntu|fedora|centos|rockylinux|almalinux|archlinux|opensuse.*|leap|kalilinux.*|bash|buildpack-deps|amazonlinux|oraclelinux|ubi\d*|wolfi-base)$/, ['debian']],
  [/^(apache|apache2|lighttpd|tomcat|jetty)$/, ['httpd', 'nginx']],
  [/^(caddy|traefik|haproxy|openresty|envoy|varnish|nginx-.*)$/, ['nginx']],
  [/^(mysql|mariadb|percona|postgis|pgvector|timescaledb|cockroach|mongo|mongodb.*|couchdb|cassandra|sqlite.*|mssql.*)$/, ['postgres']],
  [/^(valkey|keydb|memcached|dragonfly|redis-stack.*|etcd)$/, ['redis']],
  [/^(deno|bun|yarn|php|wordpress|nextcloud|ghost)$/, ['node']],
  [/^(ruby|golang|perl|pypy|rust|openjdk|eclipse-temurin|gcc|elixir|julia|r-base|swift|jupyter.*|flask|django)$/, ['python', 'node']],
  [/^(whoami|echo|echo-server|http-echo|hello|nginxdemos)$/, ['slipway/whoami', 'nginx']],
  [/^(netshoot|network-multitool|curl|dnsutils|tcpdump|iperf3?)$/, ['slipway/nettools', 'debian']],
  [/^(harbor|distribution|zot|nexus3?)$/, ['registry']],
];

/** The error of a pull that finds nothing. `library` is every name there is. */
export function notInLibrary(reference: Reference, library: Reference[]): SlipwayError {
  const wanted = familiarString(withDefaultTag(reference));
  const name = familiarName(reference);
  const names = [...new Set(library.map(familiarName))].sort();
  if (reference.domain !== DEFAULT_DOMAIN) {
    return new SlipwayError('System', `Get "https://${reference.domain}/v2/": connect: network is unreachable\n${noWay(library)}`);
  }
  if (names.includes(name)) {
    const tags = library.filter(other => familiarName(other) === name).map(other => other.tag ?? '');
    return new SlipwayError('NotFound', `manifest for ${wanted} not found: manifest unknown: manifest unknown\nThis lab's library has no ${wanted}; the nearest it has is ${name}:${nearestTag(withDefaultTag(reference).tag ?? '', tags)}.`);
  }
  return new SlipwayError('NotFound', `pull access denied for ${name}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied\n${nearest(name, names)}`);
}

/** What to say when a registry cannot be reached because the lab's network does not lead there. */
export const noWay = (library: Reference[]) => `This lab has no way to a registry: it can pull ${listed([...new Set(library.map(familiarName))].sort(), 'and')}, which are built in.`;

function nearest(name: string, names: string[]): string {
  if (names.length === 0) return 'This lab\'s library has no images yet.';
  const short = name.split('/').at(-1)!;
  const kind = KINDS.find(([images]) => images.test(short))?.[1].find(instead => names.includes(instead));
  const slips = Math.min(2, Math.floor(short.length / 3));
  const closest = kind ?? names.find(other => distance(short, other.split('/').at(-1)!) <= slips);
  if (closest !== undefined) return `This lab's library has no ${name}; the nearest it has is ${closest}.`;
  return `This lab's library has no ${name}; it has ${listed(names, 'and')}.`;
}

/** Of versions the closest one, written as precisely and with the same end (-slim) where there is such a tag; of words the one that looks alike, else the latest. */
function nearestTag(wanted: string, tags: readonly string[]): string {
  const asked = versionOf(wanted);
  const latest = tags.includes('latest') ? 'latest' : tags[0]!;
  if (!asked) return tags.find(tag => distance(wanted, tag) <= 2) ?? latest;
  const versions = tags.flatMap(tag => versionOf(tag) ?? []);
  const alike = (same: (version: Version) => boolean) => (versions.some(same) ? versions.filter(same) : versions);
  const ending = alike(version => version.ending === asked.ending);
  const precise = ending.some(version => version.parts.length === asked.parts.length) ? ending.filter(version => version.parts.length === asked.parts.length) : ending;
  const away = ({ parts }: Version) => asked.parts.map((part, at) => Math.abs(part - (parts[at] ?? 0)));
  precise.sort((a, b) => compared(away(a), away(b)) || compared(b.parts, a.parts) || a.tag.length - b.tag.length);
  return precise[0]?.tag ?? latest;
}

type Version = { tag: string; parts: number[]; ending: string };
function versionOf(tag: string): Version | undefined {
  const [, numbers, ending] = /^v?(\d+(?:\.\d+)*)(?:-(.+))?$/.exec(tag) ?? [];
  return numbers === undefined ? undefined : { tag, parts: numbers.split('.').map(Number), ending: ending ?? '' };
}

function compared(a: readonly number[], b: readonly number[]): number {
  for (let at = 0; at < Math.max(a.length, b.length); at++) if ((a[at] ?? 0) !== (b[at] ?? 0)) return (a[at] ?? 0) - (b[at] ?? 0);
  return 0;
}

function listed(words: string[], joiner: string): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${joiner} ${words.at(-1)}`;
}

/** Slips of the fingers between two words (Damerau–Levenshtein, optimal string alignment). */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  const rows = Array.from({ length: a.length + 1 }, (_row, i) => Array.from({ length: b.length + 1 }, (_cell, j) => i === 0 ? j : j === 0 ? i : 0));
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(rows[i - 1]![j]! + 1, rows[i]![j - 1]! + 1, rows[i - 1]![j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, rows[i - 2]![j - 2]! + 1);
      rows[i]![j] = best;
    }
  }
  return rows[a.length]![b.length]!;
}
