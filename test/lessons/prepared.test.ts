// A lab as its lesson prepares it, and its files as the page's editor reads and writes them, in real labs.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listFiles } from '../../lessons/files.ts';
import { controlVerbs, type Lab } from '../../runtime/lab/control.ts';
import { engineSocket } from '../../runtime/paths.ts';
import { RpcClient } from '../../runtime/rpc.ts';
import { type Exec, runCommand } from '../../server/lab/commands.ts';
import { MAX_FILE_BYTES, readFile, saveFile } from '../../server/lab/files.ts';
import { layChanged, type Prepared, prepareLab } from '../../server/lab/prepare.ts';

let desk: string;
let engine: RpcClient<typeof controlVerbs>;
let lab: Lab;
let lesson: Prepared;
const exec: Exec = request => engine.call('exec', request);
const at = () => ({ lab: lab.id, host: lab.hosts[0]!.id });
const sh = async (line: string) => (await runCommand(exec, at(), line)).output.trim();
const write = (path: string, text: string) => writeFile(join(desk, '10-a', 'files', path), text);
const asSaved = async (): Promise<Prepared> => ({ root: desk, folder: '10-a', setup: [], files: { to: '/srv/shop', owner: '1000:1001', list: (await listFiles(desk, '10-a', { 'site/secret': 0o600 })).files } });

beforeAll(async () => {
  engine = new RpcClient(engineSocket, controlVerbs);
  lab = await engine.call('createLab', { name: 'prepared' });
  desk = await mkdtemp('/var/tmp/slipway-desk-');
  await mkdir(join(desk, '10-a', 'files', 'site'), { recursive: true });
  for (const [path, text] of [['site/secret', 's'], ['site/index.html', 'héllo\n'], ["it's here", '1']] as const) await write(path, text);
  lesson = await asSaved();
});
afterAll(async () => {
  await engine.call('disposeLab', { lab: lab.id });
  engine.close();
  await rm(desk, { recursive: true });
});

test('files lie where they belong with owner and mode, and the set-up runs in order, each step with its words', async () => {
  const doing: string[] = [];
  await prepareLab({ exec, at: at(), lesson: { ...lesson, setup: [{ says: 'Counting', run: 'ls /srv/shop | wc -l > /root/count' }, { says: '', run: 'cat /root/count > /root/again' }] }, replay: [{ id: 'a', title: 'Do it', solution: ['touch /root/done'] }], onDoing: words => doing.push(words.en) });
  expect(doing).toEqual(['Laying out the lesson’s files…', 'Counting…', 'Preparing the lab: step 2 of 2…', 'Doing task 1 of 1 for you: Do it…']);
  expect(await sh("cd /srv/shop; stat -c '%n %a %u:%g' . site site/secret site/index.html \"it's here\"; cat /root/again; ls /root/done")).toBe([
    '. 755 1000:1001', 'site 755 1000:1001', 'site/secret 600 1000:1001', 'site/index.html 644 1000:1001', "it's here 644 1000:1001", '2', '/root/done',
  ].join('\n'));
});

test('a set-up that fails says which step, and how', async () => {
  await expect(prepareLab({ exec, at: at(), lesson: { ...lesson, files: { ...lesson.files, list: [] }, setup: [{ says: '', run: 'echo oh no; exit 3' }] } })).rejects.toMatchObject({ step: 'echo oh no; exit 3', message: expect.stringContaining('exit code 3: oh no') });
});

test('what the author saves is laid anew, except over what the learner has changed or removed', async () => {
  await sh('echo mine >> /srv/shop/site/index.html; rm /srv/shop/site/secret');
  for (const [path, text] of [['site/index.html', 'newer'], ['site/secret', 'newer'], ["it's here", '2'], ['added', 'new']] as const) await write(path, text);
  const next = await asSaved();
  expect(await layChanged(exec, at(), lesson, next)).toEqual(['added', "it's here"]);
  expect(await sh("cd /srv/shop; cat site/index.html added \"it's here\"; ls site")).toBe('héllo\nmine\nnew2index.html');
  expect(await layChanged(exec, at(), next, next)).toEqual([]);
});

test('a file is read and saved as it is; one that has changed meanwhile is not overwritten', async () => {
  const first = await readFile(exec, at(), '/srv/shop/site/index.html');
  expect(first.text).toBe('héllo\nmine\n');
  const saved = await saveFile(exec, at(), { ...first, text: `${'ü'.repeat(300_000)}\n` });
  expect(saved).toEqual({ saved: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(await sh('wc -m < /srv/shop/site/index.html; ls /srv/shop/site; stat -c %u /srv/shop/site/index.html')).toBe('300001\nindex.html\n1000');
  await sh('echo other > /srv/shop/site/index.html');
  expect(await saveFile(exec, at(), { ...first, text: 'late' })).toMatchObject({ conflict: { text: 'other\n' } });
  expect(await sh('cat /srv/shop/site/index.html')).toBe('other');
});

test('a new file is made where its folder is, and a file that came meanwhile is left alone', async () => {
  const none = await readFile(exec, at(), '/root/new.txt');
  expect(none).toEqual({ path: '/root/new.txt', text: '', version: null });
  expect(await saveFile(exec, at(), { ...none, text: 'a\n' })).toHaveProperty('saved');
  expect(await saveFile(exec, at(), { ...none, text: 'b\n' })).toMatchObject({ conflict: { text: 'a\n' } });
});

test('what is no text file of at most 1 MiB is refused in words, and nothing waits for ever', async () => {
  await sh(`head -c ${MAX_FILE_BYTES + 1} /dev/zero | tr '\\0' a > /root/large; printf 'a\\0b' > /root/binary; printf '\\xff\\xfe' > /root/latin; mkfifo /root/pipe; chattr +i /root 2> /dev/null; true`);
  const refused = (path: string) => readFile(exec, at(), path).then(() => 'opened', (error: Error) => error.message);
  expect(await Promise.all(['/root/large', '/root/binary', '/root/latin', '/root/pipe', '/dev/zero', '/root', '/nowhere/at/all', '/root/-n'].map(refused))).toEqual([
    expect.stringContaining('larger than 1 MiB'), expect.stringContaining('no text'), expect.stringContaining('no text'), expect.stringContaining('no file that can be opened'),
    expect.stringContaining('no file that can be opened'), expect.stringContaining('no file that can be opened'), expect.stringContaining('not there yet'), 'opened',
  ]);
  const full = { path: '/proc/sys/kernel/hostname', text: 'x', version: null };
  await expect(saveFile(exec, at(), full)).rejects.toThrow('could not be written');
});
