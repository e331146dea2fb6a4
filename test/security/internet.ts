// An Internet of the tests' own, in two network namespaces: a machine's uplink, and behind it a world in which every address answers, whatever it is.
// So what does not get through was stopped on the way, and the world says what it has seen. Nothing leaves the two namespaces.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { egressFile, instance } from '../../runtime/paths.ts';

export const UPLINK = { ip: '198.51.100.2', ip6: '2001:db8:1::2' } as const;
export const RESOLVER = '203.0.113.53';

const PATIENCE_MS = 10_000;

export interface Internet {
  /** `tcp ADDRESS PORT`, `udp ADDRESS PORT BYTES`, `closed ADDRESS PORT`, `name NAME`, one a line; the machine's own are `own tcp …`. Since the last look. */
  seen(): string[];
  /** What the operator lets out of labs, by way of this machine. */
  permit(allow: string[], more?: object): void;
  release(): void;
}

/** `names`: NAME → addresses, or `=NAME` for an alias. */
export async function openInternet(names: Record<string, string[]>): Promise<Internet> {
  const [up, world] = [`sw-${instance}-up`, `sw-${instance}-world`];
  const dir = mkdtempSync(join(tmpdir(), 'slipway-internet-'));
  const children: ChildProcess[] = [];
  let lines: string[] = [];
  const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const release = () => {
    for (const child of children) child.kill('SIGKILL');
    for (const name of [up, world]) try { ip('netns', 'delete', name); } catch { /* it was not there */ }
    rmSync(dir, { recursive: true, force: true });
    rmSync(egressFile, { force: true });
  };
  release(); // what an interrupted run has left
  mkdirSync(dir);
  for (const name of [up, world]) ip('netns', 'add', name);
  ip('link', 'add', 'name', 'uplink', 'netns', up, 'type', 'veth', 'peer', 'name', 'world', 'netns', world);
  for (const [name, link, four, six] of [[up, 'uplink', UPLINK.ip, UPLINK.ip6], [world, 'world', '198.51.100.1', '2001:db8:1::1']] as const) {
    ip('-n', name, 'addr', 'add', `${four}/24`, 'dev', link);
    ip('-n', name, 'addr', 'add', `${six}/64`, 'dev', link, 'nodad');
    for (const each of ['lo', link]) ip('-n', name, 'link', 'set', each, 'up');
  }
  ip('-n', up, 'route', 'add', 'default', 'via', '198.51.100.1');
  ip('-n', up, 'route', 'add', 'default', 'via', '2001:db8:1::1');
  ip('-n', world, 'route', 'add', 'local', '0.0.0.0/0', 'dev', 'lo');
  ip('-n', world, 'route', 'add', 'local', '::/0', 'dev', 'lo', 'table', 'main');
  execFileSync('ip', ['netns', 'exec', up, 'sh', '-c', 'echo "0 2147483647" > /proc/sys/net/ipv4/ping_group_range'], { stdio: 'ignore' });

  const start = (netns: string, argv: string[], read: (line: string) => string | undefined): Promise<void> => new Promise((resolve, reject) => {
    const child = spawn('ip', ['netns', 'exec', netns, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
    children.push(child);
    for (const stream of [child.stdout, child.stderr]) createInterface(stream).on('line', line => {
      if (/ready|started, version/.test(line)) resolve();
      lines.push(...[read(line)].filter(found => found !== undefined));
    });
    setTimeout(() => reject(new Error(`${argv[0]} does not say that it is ready`)), PATIENCE_MS).unref();
    child.once('exit', code => reject(new Error(`${argv[0]} ended with ${code}`)));
  });
  const server = [process.execPath, join(import.meta.dirname, 'internet-server.mjs')];
  writeFileSync(join(dir, 'dns.conf'), ['port=53', `listen-address=${RESOLVER}`, 'bind-dynamic', 'user=root', 'group=root', 'pid-file', 'no-resolv', 'no-hosts', 'log-queries', 'log-facility=-', 'keep-in-foreground',
    ...Object.entries(names).flatMap(([name, to]) => to.map(address => (address.startsWith('=') ? `cname=${name},${address.slice(1)}` : `host-record=${name},${address}`))), ''].join('\n'));
  ip('-n', world, 'addr', 'add', `${RESOLVER}/32`, 'dev', 'lo');
  try {
    await Promise.all([
      start(world, server, line => (line === 'ready' ? undefined : line)),
      start(up, server, line => (line === 'ready' ? undefined : `own ${line}`)),
      start(world, ['dnsmasq', '--conf-file=' + join(dir, 'dns.conf')], line => / query\[\w+\] (\S+) from/.exec(line)?.[1]?.replace(/^/, 'name ')),
    ]);
  } catch (error) {
    release();
    throw error;
  }
  return {
    seen: () => { const seen = lines; lines = []; return seen; },
    permit: (allow, more = {}) => writeFileSync(egressFile, JSON.stringify({ allow, netns: `/run/netns/${up}`, dns: [RESOLVER], ...more })),
    release,
  };
}
