// What to say when the library lacks an image: Docker's own error, then one sentence that names the nearest image that is there.
// Pure; the texts live here only. Nothing here ever dials anything: a name with a registry's host in it is a learner's word.
import { SlipwayError } from '../errors.ts';
import { DEFAULT_DOMAIN, familiarName, familiarString, withDefaultTag, type Reference } from './reference.ts';

/** What people usually want when they ask for these; the first that the library has is named. */
const KINDS: [images: RegExp, instead: string[]][] = [
  [/^(alpine|scratch|toybox|tinycore|cirros)$/, ['alpine', 'busybox']],
  [/^(ubuntu|fedora|centos|rockylinux|almalinux|archlinux|opensuse.*|kalilinux.*|bash|buildpack-deps|amazonlinux|oraclelinux)$/, ['debian']],
  [/^(httpd|caddy|traefik|haproxy|apache|lighttpd|openresty|tomcat|whoami|echo)$/, ['nginx']],
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
    return new SlipwayError('NotFound', `manifest for ${wanted} not found: manifest unknown: manifest unknown\nThis lab's library has ${name} as ${listed(tags.map(tag => `${name}:${tag}`), 'and')}.`);
  }
  return new SlipwayError('NotFound', `pull access denied for ${name}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied\n${nearest(name, names)}`);
}

/** What to say when a registry cannot be reached because the lab's network does not lead there. */
export const noWay = (library: Reference[]) => `This lab has no way to a registry: it can pull ${listed([...new Set(library.map(familiarName))].sort(), 'and')}, which are built in.`;

function nearest(name: string, names: string[]): string {
  if (names.length === 0) return 'This lab\'s library has no images yet.';
  const short = name.split('/').at(-1)!;
  const kind = KINDS.find(([images]) => images.test(short))?.[1].find(instead => names.includes(instead));
  const closest = kind ?? names.find(other => distance(short, other) <= 2);
  if (closest !== undefined) return `This lab's library has no ${name}; the nearest it has is ${closest}.`;
  return `This lab's library has no ${name}; it has ${listed(names, 'and')}.`;
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
