// Networks of labs: all of it happens in network namespaces that a lab's root owns.
import { lookup } from 'node:dns/promises';
import { createServer } from 'node:net';
import { runningInstance } from '../start.mjs';
import { have } from '../shell.mjs';
import { attemptUnprivileged } from './try.mjs';

const inside = (...argv) => attemptUnprivileged(['unshare', '--user', '--map-root-user', '--net', ...argv]);

/** @type {import('./main.mjs').Check[]} */
export const networkChecks = [
  {
    id: 'links', title: 'Bridges and veth pairs', required: true,
    look: () => {
      if (!have('ip')) return { state: 'untried', found: 'needs iproute2 to try, which npm start installs' };
      const tried = inside('sh', '-euc', 'ip link add name br-doctor type bridge; ip link add name veth-a type veth peer name veth-b; ip link set veth-a master br-doctor');
      return tried.ok ? { state: 'fine', found: 'made both' } : { state: 'missing', found: tried.said, todo: 'modprobe bridge veth' };
    },
  },
  {
    id: 'nftables', title: 'nftables',
    look: () => {
      if (!have('nft')) return { state: 'untried', found: 'needs nftables to try, which npm start installs' };
      const tried = inside('nft', 'table ip t { chain c { type nat hook prerouting priority -100; tcp dport 80 dnat to 127.0.0.2; }; }');
      return tried.ok ? { state: 'fine', found: 'made a table with address translation' } : { state: 'degraded', found: tried.said, lost: 'published ports of containers (modprobe nf_tables nft_chain_nat nft_nat brings them back)' };
    },
  },
  {
    id: 'port', title: 'Port of the site',
    look: async () => {
      const port = Number(process.env.PORT ?? 3000);
      const running = runningInstance();
      if (running) return { state: 'fine', found: `Slipway answers at ${running.url}` };
      const problem = await new Promise(resolve => {
        const server = createServer().once('error', error => resolve(error.code)).listen(port, '127.0.0.1', () => server.close(() => resolve(undefined)));
      });
      if (!problem) return { state: 'fine', found: `${port} is free` };
      return { state: 'missing', found: `${port} cannot be listened on (${problem})`, todo: 'choose another: PORT=3001 npm start' };
    },
  },
  {
    id: 'previews', title: 'Ports of labs in browsers',
    look: async () => {
      const { SLIPWAY_PREVIEW: mode = 'auto', SLIPWAY_PREVIEW_DOMAIN: domain, SLIPWAY_URL: url, SLIPWAY_LISTEN: listen = '127.0.0.1' } = process.env;
      const breaks = { lost: 'pages that need storage, workers or paths from the root in scripts (docs/previews.md); SLIPWAY_PREVIEW_DOMAIN gives each port an origin of its own' };
      if (mode === 'off') return { state: 'fine', found: 'not opened (SLIPWAY_PREVIEW=off)' };
      if (mode === 'path') return { state: 'degraded', found: 'on the site\'s own origin, in a sandbox (SLIPWAY_PREVIEW=path)', ...breaks };
      if (domain) return ownDomain(domain.replace(/:\d+$/, ''), url);
      if (!url && ['127.0.0.1', 'localhost', '::1'].includes(listen)) return { state: 'fine', found: 'each on an origin of its own, *.localhost' };
      if (mode === 'domain') return { state: 'degraded', found: 'only where the site is opened as localhost (SLIPWAY_PREVIEW=domain without a domain)', lost: 'ports of labs for everybody else: set SLIPWAY_PREVIEW_DOMAIN' };
      return { state: 'degraded', found: 'on the site\'s own origin, in a sandbox (there is no SLIPWAY_PREVIEW_DOMAIN)', ...breaks };
    },
  },
];

/** Pages of a domain may set cookies for what stands above it: the less it shares with the site's, the better. */
async function ownDomain(domain, url) {
  const found = `each on an origin of its own below ${domain}`;
  const name = `8080-doctor.${domain}`;
  const address = await lookup(name).catch(() => undefined);
  if (!address && domain !== 'localhost') return { state: 'missing', found: `${name} is not found`, todo: `a DNS record for *.${domain} that leads to this machine or its proxy` };
  const site = url ? new URL(url).hostname : undefined;
  const parent = domain.split('.').slice(-2).join('.');
  if (site && (site === domain || site.endsWith(`.${domain}`) || (parent.includes('.') && site.endsWith(parent)))) return { state: 'degraded', found, lost: `distance: pages of labs can set cookies for ${parent}, which the site at ${site} gets as well (not its own); a domain that shares nothing with it is better` };
  return { state: 'fine', found };
}
