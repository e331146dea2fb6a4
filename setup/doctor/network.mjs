// Networks of labs: all of it happens in network namespaces that a lab's root owns.
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
];
