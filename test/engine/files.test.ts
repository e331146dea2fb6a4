// docker diff, cp and export. What a container's files are is asked of the container itself; expectations come from dockerd.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { extract } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HOSTILE, tar } from './archives.ts';
import { createTestLab, type TestLab } from './lab.ts';

let lab: TestLab;
const here = mkdtempSync(join(tmpdir(), 'slipway-files-'));
beforeAll(async () => {
  lab = await createTestLab('files', { pull: ['busybox'] });
  await lab.ok(['run', '--name', 'changed', 'busybox', 'sh', '-c', 'echo x > /a; rm /bin/ls; mkdir -p /d/e; echo > /d/e/f; chmod 711 /root; ln -s /d /l']);
});
afterAll(async () => {
  rmSync(here, { recursive: true });
  await lab.dispose();
});

/** Names and texts of an archive that a client wrote to its standard output. */
async function members(args: string[]): Promise<Record<string, string>> {
  const { stdout } = await lab.docker(args);
  const found: Record<string, string> = {};
  const archive = extract();
  archive.end(Buffer.from(stdout, 'utf8')); // the files here are ASCII
  for await (const entry of archive) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry as AsyncIterable<Buffer>) chunks.push(chunk);
    found[entry.header.name] = entry.header.type === 'symlink' ? `-> ${entry.header.linkname}` : Buffer.concat(chunks).toString();
  }
  return found;
}

describe('diff', () => {
  test('tells what was added, changed and deleted', async () => {
    expect((await lab.ok('diff changed')).split('\n').sort()).toEqual(['A /a', 'A /d', 'A /d/e', 'A /d/e/f', 'A /l', 'C /bin', 'C /root', 'D /bin/ls']);
  });
  test('a container that has changed nothing has no difference, whatever was mounted for it', async () => {
    await lab.ok('run --name idle busybox true');
    expect(await lab.ok('diff idle')).toBe('');
  });
  test('a directory that was removed and made anew has lost what the image had in it', async () => {
    await lab.ok(['run', '--name', 'anew', 'busybox', 'sh', '-c', 'rm -r /etc; mkdir /etc; echo > /etc/new']);
    const lines = (await lab.ok('diff anew')).split('\n');
    expect(lines).toContain('A /etc/new');
    expect(lines).toContain('D /etc/passwd');
  });
  test('of nothing', async () => {
    expect(await lab.docker(['diff', 'nope'])).toMatchObject({ code: 1, stderr: 'Error response from daemon: No such container: nope\n' });
  });
});

describe.each([['a stopped', []], ['a running', ['sleep', '1000']]])('cp and %s container', (_what, command) => {
  const name = command.length ? 'copy-run' : 'copy-stop';
  beforeAll(async () => void await lab.ok(['run', '-d', '-v', '/vol', '--name', name, 'busybox', ...(command.length ? command : ['true'])]));
  afterAll(async () => void await lab.ok(['rm', '-fv', name]));

  test('a file goes in and comes out again', async () => {
    writeFileSync(join(here, 'in'), 'hello');
    await lab.ok(['cp', join(here, 'in'), `${name}:/tmp/new`]);
    await lab.ok(['cp', `${name}:/tmp/new`, join(here, 'out')]);
    expect(readFileSync(join(here, 'out'), 'utf8')).toBe('hello');
  });
  test('a volume is what it is in the container', async () => {
    await lab.ok(['cp', join(here, 'in'), `${name}:/vol/`]);
    expect(await members(['cp', `${name}:/vol/in`, '-'])).toEqual({ in: 'hello' });
  });
  test('an archive on the standard input is unpacked, also through the container\'s own links', async () => {
    await lab.ok(['cp', '-', `${name}:/`], { stdin: await tar([{ name: 'abs', type: 'symlink', linkname: '/tmp' }]) });
    await lab.ok(['cp', join(here, 'in'), `${name}:/abs/through`]);
    expect(await members(['cp', `${name}:/tmp/through`, '-'])).toEqual({ through: 'hello' });
    expect(await members(['cp', `${name}:/abs`, '-'])).toEqual({ abs: '-> /tmp' });
    expect(Object.keys(await members(['cp', '-L', `${name}:/abs`, '-']))).toContain('tmp/through');
  });
  test.each([
    [[`${name}:/nope`, here], 'Error response from daemon: Could not find the file /nope in container NAME\n'],
    [['IN', `${name}:/nodir/x`], 'Error response from daemon: Could not find the file /nodir in container NAME\n'],
    [['IN', `${name}:/nodir/`], 'no such directory\n'],
    [[here, `${name}:/etc/passwd`], 'cannot copy directory\n'],
  ])('%s is refused as dockerd does', async (args, said) => {
    expect(await lab.docker(['cp', ...args.map(arg => arg.replace('IN', join(here, 'in')))])).toMatchObject({ code: 1, stderr: said.replace('NAME', name) });
  });
  test.each(HOSTILE)('an archive that %s stays in the lab', async (_does, entries, said) => {
    const { code, stderr } = await lab.docker(['cp', '-', `${name}:/tmp`], { stdin: await tar(entries) });
    if (said) expect([code, stderr]).toEqual([1, expect.stringMatching(said)]);
    else expect([code, stderr]).toEqual([0, '']);
  });
});

test('export writes all of a container\'s files', async () => {
  await lab.ok(['export', '-o', join(here, 'all.tar'), 'changed']);
  const names = new Set<string>();
  const archive = extract();
  archive.end(readFileSync(join(here, 'all.tar')));
  for await (const entry of archive) {
    names.add(entry.header.name);
    entry.resume();
  }
  expect([names.has('a'), names.has('d/e/f'), names.has('bin/sh'), names.has('bin/ls')]).toEqual([true, true, true, false]);
});
