// --ipc: who shares memory with whom; as dockerd 26.1.5 has it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestLab, type TestLab } from './lab.ts';

let lab: TestLab;
beforeAll(async () => { lab = await createTestLab('shared-memory', { pull: ['busybox'] }); });
afterAll(() => lab?.dispose());

test('a container that is shareable shares its /dev/shm with who joins it, and loses it at its end', async () => {
  await lab.ok('run -d --name donor --ipc shareable --shm-size 3m busybox sleep 1000');
  await lab.ok(['exec', 'donor', 'sh', '-c', 'echo shared > /dev/shm/note']);
  expect(await lab.ok('run --rm --ipc container:donor busybox cat /dev/shm/note')).toBe('shared');
  expect(await lab.ok(['exec', 'donor', 'sh', '-c', 'df -k /dev/shm | tail -1'])).toMatch(/^shm +3072 /);
  await lab.ok('restart -t 0 donor');
  expect(await lab.ok('exec donor ls /dev/shm')).toBe('');
  await lab.ok('rm -f donor');
});

test('any other container is not joined, and neither is one that does not run', async () => {
  await lab.ok('run -d --name closed busybox sleep 1000');
  const joins = async (mode: string) => (await lab.docker(['run', '--rm', `--${mode}`, 'container:closed', 'busybox', 'true'])).stderr.replace(/[0-9a-f]{64}/, 'ID');
  expect(await joins('ipc')).toBe('docker: Error response from daemon: failed to join IPC namespace: container ID: non-shareable IPC (hint: use IpcMode:shareable for the donor container).\n');
  await lab.ok('stop -t 0 closed');
  for (const namespace of ['ipc', 'pid']) expect(await joins(namespace)).toBe(`docker: Error response from daemon: failed to join ${namespace.toUpperCase()} namespace: container ID is not running.\n`);
  await lab.ok('rm closed');
});
