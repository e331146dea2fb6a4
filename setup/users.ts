// The users that engine and web run as, and the uid ranges of labs, reserved in /etc/subuid and /etc/subgid so that nothing else is given them.
// `node setup/users.ts` as root makes what is missing; with --check it only prints what is. Idempotent. Called by setup/system.mjs.
import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { ENGINE_USER, GATE_UID_BASE, GROUP, LAB_UID_BASE, MAX_LABS, MIRROR_USER, REGISTRY_USER, STORE_UID_BASE, UIDS_PER_LAB, WEB_USER } from '../runtime/ids.ts';

/**
 * The ranges are entered for root, to whom such an entry gives nothing: an entry for the engine's user would let it map
 * any lab's uids by newuidmap, past the broker.
 */
const OWNER = 'root';
const ranges = [
  { start: LAB_UID_BASE, count: MAX_LABS * UIDS_PER_LAB },
  { start: GATE_UID_BASE, count: MAX_LABS },
  { start: STORE_UID_BASE, count: UIDS_PER_LAB },
];

type Change = { words: string; make: () => void };

function missing(): Change[] {
  const changes: Change[] = [];
  const call = (program: string, ...args: string[]) => () => void execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (!names('/etc/group').includes(GROUP)) changes.push({ words: `group ${GROUP}`, make: call('groupadd', '--system', GROUP) });
  for (const user of [ENGINE_USER, WEB_USER]) {
    if (names('/etc/passwd').includes(user)) continue;
    changes.push({ words: `user ${user}`, make: call('useradd', '--system', '--gid', GROUP, '--no-create-home', '--home-dir', '/nonexistent', '--shell', '/usr/sbin/nologin', user) });
  }
  // In groups of their own: they have no business with sockets of engine, shims and labs.
  for (const user of [MIRROR_USER, REGISTRY_USER]) {
    if (names('/etc/passwd').includes(user)) continue;
    changes.push({ words: `user ${user}`, make: call('useradd', '--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent', '--shell', '/usr/sbin/nologin', user) });
  }
  for (const file of ['/etc/subuid', '/etc/subgid']) {
    for (const { start, count } of ranges) {
      if (entries(file).some(entry => entry.start <= start && entry.start + entry.count >= start + count)) continue;
      const taken = entries(file).find(entry => entry.start < start + count && start < entry.start + entry.count);
      if (taken) throw new Error(`${file} gives part of ${start}–${start + count - 1} to ${taken.name}: Slipway's labs need that range for themselves.`);
      changes.push({ words: `${file} ${OWNER}:${start}:${count}`, make: () => appendLine(file, `${OWNER}:${start}:${count}`) });
    }
  }
  return changes;
}

const read = (file: string) => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''; // subuid is made by the first entry
    throw error;
  }
};
const names = (file: string) => read(file).split('\n').map(line => line.split(':')[0]);
const entries = (file: string) => read(file).split('\n').filter(Boolean).map(line => {
  const [name = '', start = '', count = ''] = line.split(':');
  return { name, start: Number(start), count: Number(count) };
});
const appendLine = (file: string, line: string) => {
  const text = read(file);
  appendFileSync(file, `${text && !text.endsWith('\n') ? '\n' : ''}${line}\n`);
};

for (const change of missing()) {
  console.log(change.words);
  if (!process.argv.includes('--check')) change.make();
}
