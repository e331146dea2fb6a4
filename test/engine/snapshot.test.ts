// A lab's disk is kept as it is at a moment, and other labs begin from there; neither disturbs the other.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { controlVerbs } from '../../runtime/lab/control.ts';
import { engineDir, engineSocket, instance, poolDir } from '../../runtime/paths.ts';
import { RpcClient } from '../../runtime/rpc.ts';
import { crash } from '../run-instance.ts';
import { createTestLab, dockerd, eventually, outputOf } from './lab.ts';

const MB = 1 << 20;

test.skipIf(dockerd)('a fork has files, images, volumes and containers; what ran has ended as if the power had gone', async () => {
  const lab = await createTestLab('origin', { pull: ['busybox'] });
  const { engine } = lab;
  try {
    await lab.ok(['run', '--name', 'writer', '-v', 'data:/data', 'busybox', 'sh', '-c', 'echo first > /data/file; echo said']);
    await lab.ok('run -d --name plain busybox sleep 1000');
    await lab.ok('run -d --name web --restart always -p 8088:80 busybox sleep 1000');
    const began = performance.now();
    const snapshot = await engine.call('snapshotLab', { lab: lab.lab!.id, name: 'before' });
    const took = performance.now() - began;
    await lab.ok(['run', '--rm', '-v', 'data:/data', 'busybox', 'sh', '-c', 'echo second > /data/file']);
    expect(await engine.call('listSnapshots', {})).toMatchObject([{ id: snapshot.id, name: 'before', lab: lab.lab!.id }]);

    const started = performance.now();
    const fork = await engine.call('forkSnapshot', { snapshot: snapshot.id, name: 'fork' });
    const forked = performance.now() - started;
    console.log(`snapshot ${took.toFixed(0)} ms, fork ${forked.toFixed(0)} ms`);
    expect(took).toBeLessThan(1_000);
    expect(forked).toBeLessThan(3_000);
    await engine.call('removeSnapshot', { snapshot: snapshot.id });
    const dir = join(poolDir, 'snapshots', instance);
    expect(existsSync(dir) ? readdirSync(dir) : []).toEqual([]);

    const there = (args: string[]) => lab.ok(args, { env: { DOCKER_HOST: fork.hosts[0]!.dockerHost } });
    expect(await there(['run', '--rm', '-v', 'data:/data', 'busybox', 'cat', '/data/file'])).toBe('first');
    expect(await there(['logs', 'writer'])).toBe('said');
    expect(await there(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'plain'])).toBe('exited 255');
    await eventually(() => there(['inspect', '-f', '{{.State.Status}}', 'web']), state => state === 'running', 'its start at boot');
    expect(await lab.ok(['inspect', '-f', '{{.State.Status}}', 'plain'])).toBe('running');
    expect(await lab.ok(['run', '--rm', '-v', 'data:/data', 'busybox', 'cat', '/data/file'])).toBe('second');
    await engine.call('disposeLab', { lab: fork.id });

    // Interrupted half-way: the next engine takes the rest away.
    const other = await engine.call('snapshotLab', { lab: lab.lab!.id, name: 'broken' });
    rmSync(join(engineDir, 'snapshots', other.id, 'snapshot.json'));
    await crash('engine');
    expect(await engine.call('listSnapshots', {})).toEqual([]);
    expect(readdirSync(dir)).toEqual([]);
    await expect(engine.call('forkSnapshot', { snapshot: snapshot.id, name: 'again' })).rejects.toThrow('no such snapshot');
  } finally {
    await lab.dispose();
  }
});

test.skipIf(dockerd)('what copies of a lab take is missing from its disk, and from that of a lab of its name, until they are removed', async () => {
  const engine = new RpcClient(engineSocket, controlVerbs);
  const made: string[] = [];
  const create = async () => { const { id } = await engine.call('createLab', { name: 'copied', limits: { diskBytes: 100 * MB } }); made.push(id); return id; };
  const writes = async (lab: string, file: string, megabytes: number) => {
    const { socketPath } = await engine.call('exec', { lab, host: 'h1', argv: ['/bin/sh', '-c', `head -c ${megabytes}M /dev/urandom > /root/${file} && sync && echo fits || { rm -f /root/${file}; sync; echo full; }`] });
    return (await outputOf(socketPath)).trim().split('\n').at(-1);
  };
  try {
    const lab = await create();
    expect(await writes(lab, 'kept', 30)).toBe('fits');
    const copy = await engine.call('snapshotLab', { lab, name: '', asCopy: true });
    expect(copy).toMatchObject({ lab, copyOf: 'copied' });
    expect(copy.bytes).toBeGreaterThan(30 * MB - 1);
    expect(await writes(lab, 'more', 50)).toBe('full');
    expect(await writes(lab, 'more', 25)).toBe('fits');
    await expect(engine.call('snapshotLab', { lab, name: '', asCopy: true })).rejects.toThrow('no room for a copy');
    expect(await engine.call('listSnapshots', {})).toHaveLength(1);

    await engine.call('disposeLab', { lab });
    const next = await create();
    expect(await writes(next, 'more', 80)).toBe('full');
    const back = await engine.call('forkSnapshot', { snapshot: copy.id, name: 'copied' });
    made.push(back.id);
    expect(await writes(back.id, 'more', 50)).toBe('full');
    await engine.call('suspendLab', { lab: back.id });
    await engine.call('resumeLab', { lab: back.id });
    expect(await writes(back.id, 'more', 50)).toBe('full');
    await engine.call('removeSnapshot', { snapshot: copy.id });
    expect(await writes(back.id, 'more', 50)).toBe('fits');
    expect(await writes(next, 'more', 80)).toBe('fits');
  } finally {
    for (const { id } of await engine.call('listSnapshots', {})) await engine.call('removeSnapshot', { snapshot: id });
    for (const { id } of await engine.call('listLabs', {})) if (made.includes(id)) await engine.call('disposeLab', { lab: id });
    engine.close();
  }
});
