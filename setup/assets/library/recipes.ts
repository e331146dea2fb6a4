// Which images the library has that are built from Dockerfiles, each from the folder of its name. A version is the Debian package's own, so that no
// tag claims what the program is not; images.ts asks the program, too, before it publishes the image.

import type { Npm } from './npm.ts';

export type Suite = 'bookworm' | 'trixie';

export type Recipe = {
  /** Unique; with what it is built upon in the order of the list, every image comes after its base. */
  name: string;
  folder: string;
  repository: string;
  /** An image of the library. */
  base: string;
  /** Debian packages of the base's suite, with what they depend on. The first one's version is the image's, unless it has one of its own. */
  packages: readonly string[];
  ownVersion?: string;
  /** Tags from the version 1.2.3: how many of 1.2.3, 1.2 and 1. */
  precision: readonly number[];
  latest: boolean;
  /** Without documentation and compilers as images of this name are: also under each tag with -slim. */
  slim?: boolean;
  description: string;
  /** The one that its Node.js comes with elsewhere. */
  npm?: Npm;
  /** What says the program's version. */
  says?: readonly string[];
};

export const SUITES: Record<string, Suite> = { 'debian:bookworm': 'bookworm', 'debian:trixie': 'trixie' };

const nginx = { folder: 'nginx', repository: 'nginx', packages: ['nginx', 'curl', 'gettext-base'], description: 'Web server, reverse proxy and load balancer', says: ['nginx', '-v'] } as const;
const hello = { folder: 'hello', repository: 'slipway/hello', base: 'busybox:latest', packages: [], description: 'Says which version of itself it is: an image to practise names and tags with' } as const;

export const RECIPES: readonly Recipe[] = [
  { ...nginx, name: 'nginx-1.22', base: 'debian:bookworm', precision: [3, 2], latest: false },
  { ...nginx, name: 'nginx-1.26', base: 'debian:trixie', precision: [3, 2, 1], latest: true },
  { name: 'httpd', folder: 'httpd', repository: 'httpd', base: 'debian:trixie', packages: ['apache2-bin', 'apache2-utils', 'media-types'], precision: [3, 2, 1], latest: true, description: 'The Apache HTTP server', says: ['httpd', '-v'] },
  { name: 'redis', folder: 'redis', repository: 'redis', base: 'debian:bookworm', packages: ['redis-server'], precision: [3, 2, 1], latest: true, description: 'In-memory store of keys and values', says: ['redis-server', '--version'] },
  { name: 'postgres', folder: 'postgres', repository: 'postgres', base: 'debian:bookworm', packages: ['postgresql-15'], precision: [2, 1], latest: true, description: 'PostgreSQL, a relational database', says: ['postgres', '--version'] },
  { name: 'python', folder: 'python', repository: 'python', base: 'debian:bookworm', packages: ['python3.11', 'python3', 'python3-pip', 'python3-venv'], precision: [3, 2, 1], latest: true, slim: true, description: 'The programming language Python', says: ['python', '--version'] },
  { name: 'node', folder: 'node', repository: 'node', base: 'debian:trixie', packages: ['nodejs'], precision: [3, 2, 1], latest: true, slim: true, description: 'Node.js, JavaScript for servers, with npm', npm: { version: '10.8.2', integrity: 'sha512-x/AIjFIKRllrhcb48dqUNAAZl0ig9+qMuN91RpZo3Cb2+zuibfh+KISl6+kVVyktDz230JKc208UkQwwMqyB+w==' }, says: ['node', '--version'] },
  { name: 'registry', folder: 'registry', repository: 'registry', base: 'debian:bookworm', packages: ['docker-registry'], precision: [3, 2, 1], latest: true, description: 'A registry: keeps images and serves them to docker pull and push', says: ['registry', '--version'] },
  { ...hello, name: 'hello-1.0', ownVersion: '1.0', precision: [2, 1], latest: false },
  { ...hello, name: 'hello-2.0', ownVersion: '2.0', precision: [2, 1], latest: true },
  { name: 'whoami', folder: 'whoami', repository: 'slipway/whoami', base: 'busybox:latest', packages: [], ownVersion: '1.0', precision: [2, 1], latest: true, description: 'A small web server that says which container answers' },
  {
    name: 'nettools', folder: 'nettools', repository: 'slipway/nettools', base: 'debian:trixie', ownVersion: '1.0', precision: [2, 1], latest: true,
    packages: ['iproute2', 'iputils-ping', 'traceroute', 'tcpdump', 'curl', 'bind9-dnsutils', 'netcat-openbsd', 'socat', 'iperf3', 'nftables', 'conntrack', 'ethtool', 'procps', 'jq'],
    description: 'ip, ss, ping, traceroute, tcpdump, dig, curl, nc, iperf3 and more, to look at networks with',
  },
];

/** The upstream part of a Debian package's version. https://www.debian.org/doc/debian-policy/ch-controlfields.html#version */
export function upstreamVersion(version: string): string {
  const found = /^(?:\d+:)?(\d+(?:\.\d+)*)/.exec(version)?.[1];
  if (!found) throw new Error(`"${version}" does not begin with a version`);
  return found;
}

export function tagsOf(recipe: Pick<Recipe, 'repository' | 'precision' | 'latest' | 'slim'>, version: string): string[] {
  const parts = version.split('.');
  const tags = recipe.precision.map(count => parts.slice(0, count).join('.'));
  if (recipe.latest) tags.push('latest');
  if (recipe.slim) tags.push(...tags.map(tag => (tag === 'latest' ? 'slim' : `${tag}-slim`)));
  return [...new Set(tags)].map(tag => `${recipe.repository}:${tag}`);
}
