// Docker's real answers (26.1.5, word for word) → our sentence. A row for each cause.
import { expect, test } from 'vitest';
import type { ApiCall } from '../../runtime/lab/control.ts';
import { explainCall, explainEvent } from './causes.ts';
import { idOf, Lab } from './synthetic.ts';
import { Facts } from './world.ts';

const facts = new Facts();
const lab = new Lab();
lab.onEntry(entry => facts.feed(entry));
lab.runDetached('web', 'nginx:1.22');
lab.runToEnd('box', 'debian:bookworm', 1);
lab.runToEnd('old', 'busybox');
lab.remove('old', 'busybox');
const web = { id: idOf('web'), name: 'web' };

const rows: [method: string, path: string, status: number, message: string, more: Partial<ApiCall>, title: RegExp, command: string | undefined][] = [
  ['DELETE', '/containers/web', 409, 'cannot remove container "/web": container is running: stop the container before removing or force remove', { container: web }, /^web is still running$/, 'docker stop web'],
  ['POST', '/containers/create', 409, `Conflict. The container name "/web" is already in use by container "${idOf('web')}". You have to remove (or rename) that container to be able to reuse that name.`, {}, /^The name web is taken$/, 'docker rm -f web'],
  ['POST', '/containers/create', 409, `Conflict. The container name "/box" is already in use by container "${idOf('box')}". You have to remove (or rename) that container to be able to reuse that name.`, {}, /^The name box is taken$/, 'docker rm box'],
  ['POST', '/images/create', 404, "pull access denied for helo, repository does not exist or may require 'docker login'", { query: { fromImage: 'helo', tag: 'latest' } }, /^There is no image helo:latest/, 'docker images'],
  ['POST', '/containers/wbe/stop', 404, 'No such container: wbe', {}, /^No container is called wbe$/, 'docker ps -a'],
  ['POST', '/containers/old/start', 404, 'No such container: old', {}, /^old has been removed$/, 'docker ps -a'],
  ['POST', '/containers/web/start', 304, '', { container: web }, /^web was running already$/, 'docker ps'],
  ['POST', '/containers/box/stop', 304, '', { container: { id: idOf('box'), name: 'box' } }, /^box was stopped already$/, 'docker ps -a'],
  ['POST', '/containers/x/start', 400, 'failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "nosuch": executable file not found in $PATH: unknown', {}, /^Exit code 127: no nosuch/, 'docker ps -a'],
  ['POST', '/containers/x/start', 400, 'failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "--name": executable file not found in $PATH: unknown', {}, /^--name was taken for a command$/, 'docker run --help'],
  ['POST', '/containers/x/start', 400, 'failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "/etc/passwd": permission denied: unknown', {}, /^Exit code 126: \/etc\/passwd/, 'docker ps -a'],
  ['POST', '/containers/x/start', 500, 'driver failed programming external connectivity on endpoint p2 (5bdc): Bind for 127.0.0.1:8099 failed: port is already allocated', {}, /^Port 8099 is taken$/, 'docker ps'],
  ['POST', '/containers/box/exec', 409, `container ${idOf('box')} is not running`, { container: { id: idOf('box'), name: 'box' } }, /^box is not running$/, 'docker start box'],
  ['DELETE', '/images/busybox', 409, `conflict: unable to remove repository reference "busybox" (must force) - container ${idOf('box').slice(0, 12)} is using its referenced image 6b2a76e1e484`, {}, /^busybox is in use$/, 'docker ps -a'],
];

test.each(rows)('%s %s answered %i is explained', (method, path, status, message, more, title, command) => {
  const explanation = explainCall({ method, path, status, query: {}, timeNano: 0, ...(message ? { message } : {}), ...more }, facts);
  expect(explanation?.title.en).toMatch(title);
  expect(explanation?.command).toBe(command);
  for (const text of Object.values(explanation!.text)) expect(text).not.toMatch(/undefined|null|NaN|\{/);
});

test('a container that ended because a command was not found in it is explained, one that could not start is not explained twice', () => {
  const world = new Facts();
  const some = new Lab();
  some.onEntry(entry => world.feed(entry));
  some.runToEnd('ran', 'nginx:1.22', 127);
  const ended = some.entries.at(-1)!;
  some.create('never', 'nginx:1.22');
  some.die('never', 'nginx:1.22', 127);
  const failed = some.entries.at(-1)!;
  if (ended.kind !== 'event' || failed.kind !== 'event') throw new Error('these are events');
  expect(explainEvent(ended.event, world)).toMatchObject({ title: { en: 'ran ended with exit code 127' }, command: 'docker logs ran' });
  expect(explainEvent(failed.event, world)).toBe(null);
});

test('a name that is nearly right is suggested', () => {
  const explanation = explainCall({ method: 'POST', path: '/containers/wbe/stop', status: 404, message: 'No such container: wbe', query: {}, timeNano: 0 }, facts);
  expect(explanation?.text.en).toContain('Did you mean web, which is running?');
});

test('what went well, and what has no entry, is left alone', () => {
  expect(explainCall({ method: 'GET', path: '/containers/web/logs', status: 200, query: {}, timeNano: 0 }, facts)).toBe(null);
  expect(explainCall({ method: 'POST', path: '/swarm/init', status: 501, message: 'not here', query: {}, timeNano: 0 }, facts)).toBe(null);
});
