// The machine's size, and what set-up will install.
import { availableParallelism, totalmem } from 'node:os';
import { missingPackages } from '../packages.mjs';
import { attempt } from './try.mjs';

const GiB = 2 ** 30;

/** @type {import('./main.mjs').Check[]} */
export const machineChecks = [
  {
    id: 'memory', title: 'Memory and processors',
    look: () => {
      const found = `${(totalmem() / GiB).toFixed(1)} GiB, ${availableParallelism()} processors`;
      if (totalmem() < 1.5 * GiB) return { state: 'degraded', found, lost: 'more than a lab or two at a time' };
      return { state: 'fine', found };
    },
  },
  {
    id: 'virtualisation', title: 'A machine of its own',
    look: () => {
      const container = attempt(['systemd-detect-virt', '--container']);
      if (!container.ok) return { state: 'fine', found: 'not in a container' };
      return { state: 'degraded', found: `in a container (${container.said})`, lost: 'a bug in the kernel is an escape from any lab to everything on the machine around' };
    },
  },
  {
    id: 'packages', title: 'Debian packages',
    look: () => {
      const missing = missingPackages('start');
      return missing.length ? { state: 'untried', found: `npm start installs ${missing.join(', ')}` } : { state: 'fine', found: 'all there' };
    },
  },
];
