// Registries outside that labs may have images from: only when the operator has named some (SLIPWAY_UPSTREAMS).
import { existsSync, readFileSync } from 'node:fs';
import { childEnv, node, root } from '../shell.mjs';
import { spawnSync } from 'node:child_process';
import { attempt } from './try.mjs';

const file = process.env.SLIPWAY_UPSTREAMS ?? '';
const TODO = 'see "Images from registries outside" in docs/operating.md';

/** @type {import('./main.mjs').Check[]} */
export const upstreamChecks = [
  {
    id: 'upstreams', title: 'Registries outside', needsRoot: file !== '',
    look: () => {
      if (file === '') return { state: 'fine', found: 'none: labs have the image library (SLIPWAY_UPSTREAMS names others)' };
      if (!existsSync(file)) return { state: 'missing', found: `${file} is not there`, todo: TODO };
      if (!existsSync(node)) return { state: 'untried', found: `${file}: npm start brings what reads it` };
      const { status, stdout } = spawnSync(node, ['runtime/mirror/check.ts', file], { cwd: root, env: childEnv(), encoding: 'utf8', timeout: 30_000 });
      const lines = stdout.trim().split('\n').filter(Boolean);
      if (status !== 0) return { state: 'missing', found: lines[0] ?? `${file} could not be looked at`, todo: TODO };
      const { upstreams = [] } = JSON.parse(readFileSync(file, 'utf8'));
      // The mirror starts as nobody's friend: what root can read is not yet what it can.
      const hidden = upstreams.flatMap(({ ca, passwordFile }) => [ca, passwordFile]).filter(path => path !== undefined && !attempt(['setpriv', '--reuid=slipway-mirror', '--regid=slipway-mirror', '--clear-groups', 'test', '-r', path]).ok);
      const elsewhere = [file, ...upstreams.flatMap(({ ca, passwordFile }) => [ca, passwordFile])].filter(path => path !== undefined && !path.startsWith('/etc/') && !path.startsWith('/var/lib/slipway/'));
      if (hidden.length) return { state: 'missing', found: `slipway-mirror cannot read ${hidden.join(', ')}`, todo: `chown slipway-mirror ${hidden.join(' ')}` };
      if (elsewhere.length) return { state: 'missing', found: `the mirror does not see ${elsewhere.join(', ')}`, todo: 'put settings, certificates and passwords below /etc/slipway' };
      if (lines.length) return { state: 'degraded', found: lines.join('; '), lost: 'images of these, but for those that are here already' };
      return { state: 'fine', found: upstreams.map(({ domain, allow }) => `${domain} (${allow.join(', ')})`).join('; ') || 'none' };
    },
  },
];
