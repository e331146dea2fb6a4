// Limits: which kind of control groups, and whether one can be made and limited.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attempt, read } from './try.mjs';

/** Where each controller is mounted: `unified` for v2. */
function hierarchies() {
  const mounts = (read('/proc/self/mountinfo') ?? '').split('\n').map(line => line.split(' '));
  const byController = new Map();
  for (const fields of mounts) {
    const dash = fields.indexOf('-');
    const [type, , options = ''] = fields.slice(dash + 1);
    if (type === 'cgroup2') byController.set('unified', fields[4]);
    if (type === 'cgroup') for (const name of options.split(',')) if (!byController.has(name)) byController.set(name, fields[4]);
  }
  return byController;
}

export function cgroupKind(found = hierarchies()) {
  if (found.has('memory') || found.has('pids')) return found.has('unified') ? 'hybrid' : 'v1';
  return found.has('unified') ? 'v2' : 'none';
}

const NEEDED = ['memory', 'pids', 'cpu'];

/** @type {import('./main.mjs').Check[]} */
export const cgroupChecks = [
  {
    id: 'cgroup', title: 'Control groups', required: true,
    look: () => {
      const found = hierarchies();
      const kind = cgroupKind(found);
      if (kind === 'none') return { state: 'missing', found: 'not mounted', todo: 'mount -t cgroup2 cgroup2 /sys/fs/cgroup' };
      const there = kind === 'v2' ? (read(join(found.get('unified'), 'cgroup.controllers')) ?? '').split(' ') : NEEDED.filter(name => found.has(name));
      const lacking = NEEDED.filter(name => !there.includes(name));
      const words = { v1: 'version 1', hybrid: 'version 1 with a unified tree beside it (hybrid)', v2: 'version 2' }[kind];
      if (lacking.length) return { state: 'missing', found: `${words}, without ${lacking.join(', ')}`, todo: `make the controllers ${lacking.join(', ')} available (on some machines: boot with cgroup_enable=memory)` };
      return { state: 'fine', found: `${words}: ${NEEDED.join(', ')}${found.has('freezer') || kind === 'v2' ? ', freezer' : ''}` };
    },
  },
  {
    id: 'cgroup-limit', title: 'Limits', required: true, needsRoot: true,
    look: () => {
      const found = hierarchies();
      const v2 = cgroupKind(found) === 'v2';
      const dir = join(v2 ? found.get('unified') : found.get('pids'), `slipway-doctor-${process.pid}`);
      try {
        mkdirSync(dir);
        if (v2) writeFileSync(join(found.get('unified'), 'cgroup.subtree_control'), '+pids +memory +cpu');
        writeFileSync(join(dir, 'pids.max'), '77');
        const limit = readFileSync(join(dir, 'pids.max'), 'utf8').trim();
        return limit === '77' ? { state: 'fine', found: 'made a group and set its limit' } : { state: 'missing', found: `set 77, read ${limit}`, todo: 'run Slipway on a machine of its own' };
      } catch (error) {
        return { state: 'missing', found: error.message, todo: 'control groups must be writable: a container needs --privileged (with --cgroupns=host on cgroup v1)' };
      } finally {
        attempt(['rmdir', dir]);
      }
    },
  },
];
