// Where Debian's packages come from: the mirror that this machine's own apt uses, for any suite. Read from both of apt's formats.
// On a machine whose apt knows no Debian mirror (Ubuntu) the answer is undefined and mmdebstrap takes Debian's own.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

export type Mirror = { main: string; security?: string };

export const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The machine's mirror, or SLIPWAY_DEBIAN_MIRROR. */
export async function debianMirror(etcApt = '/etc/apt'): Promise<Mirror | undefined> {
  const asked = process.env.SLIPWAY_DEBIAN_MIRROR;
  if (asked) return { main: asked };
  const entries: Entry[] = [];
  for (const file of [join(etcApt, 'sources.list'), ...await listed(join(etcApt, 'sources.list.d'))]) {
    const text = await readFile(file, 'utf8').catch(() => '');
    entries.push(...(file.endsWith('.sources') ? parseDeb822(text) : parseOneLine(text)));
  }
  return chooseMirror(entries);
}

/** Lines for sources.list; none when the mirror is not known. Updates and security exist for released suites only. */
export function sourceLines(mirror: Mirror | undefined, suite: string): string[] {
  if (!mirror) return [];
  const line = (uri: string, name: string) => `deb [signed-by=${KEYRING}] ${uri} ${name} main`;
  if (suite === 'sid') return [line(mirror.main, 'sid')];
  return [line(mirror.main, suite), line(mirror.main, `${suite}-updates`), ...(mirror.security ? [line(mirror.security, `${suite}-security`)] : [])];
}

/** Ubuntu has Debian's keys in a package of their own. */
export async function needKeyring(): Promise<void> {
  const there = await stat(KEYRING).then(() => true, () => false);
  if (!there) throw new Error(`Debian's archive keys are not on this machine (${KEYRING}): install the package debian-archive-keyring.`);
}

type Entry = { uri: string; suites: string[] };

/** https://manpages.debian.org/bookworm/apt/sources.list.5.en.html#DEB822-STYLE_FORMAT */
export function parseDeb822(text: string): Entry[] {
  return text.split(/\n\s*\n/).flatMap(paragraph => {
    const fields = new Map<string, string>();
    let last = '';
    for (const line of paragraph.split('\n')) {
      if (line.startsWith('#')) continue;
      const field = /^([A-Za-z-]+):\s*(.*)$/.exec(line);
      if (field) fields.set(last = field[1]!.toLowerCase(), field[2]!.trim());
      else if (/^\s/.test(line) && last) fields.set(last, `${fields.get(last)} ${line.trim()}`);
    }
    const words = (name: string) => (fields.get(name) ?? '').split(/\s+/).filter(Boolean);
    if (!words('types').includes('deb') || /^(no|false|0|off|disable|without)$/i.test(fields.get('enabled') ?? '')) return [];
    return words('uris').map(uri => ({ uri, suites: words('suites') }));
  });
}

/** https://manpages.debian.org/bookworm/apt/sources.list.5.en.html#ONE-LINE-STYLE_FORMAT */
export function parseOneLine(text: string): Entry[] {
  return text.split('\n').flatMap(line => {
    const found = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)/.exec(line);
    return found ? [{ uri: found[1]!, suites: [found[2]!] }] : [];
  });
}

const RELEASES = /^(bullseye|bookworm|trixie|forky|sid|stable|oldstable|testing|unstable)$/;

/** A mirror of Debian is one that serves a Debian release below a path that ends in "debian": other repositories use the suites' names too. */
export function chooseMirror(entries: Entry[]): Mirror | undefined {
  const trimmed = entries.map(entry => ({ ...entry, uri: entry.uri.replace(/\/+$/, '') }));
  const main = trimmed.find(entry => /debian$/i.test(entry.uri) && entry.suites.some(suite => RELEASES.test(suite)));
  if (!main) return undefined;
  const security = trimmed.find(entry => entry.suites.some(suite => /^\w+-security$/.test(suite)));
  return { main: main.uri, ...(security ? { security: security.uri } : {}) };
}

async function listed(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  return names.filter(name => /\.(list|sources)$/.test(name)).sort().map(name => join(directory, name));
}
