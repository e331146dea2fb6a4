// Errors met for real in a lab, by the stock client: each is explained at once, in one sentence that is true, with a next step that works.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadLessons } from '../../lessons/load.ts';
import { newLearner, type Learner } from '../../server/authoring/learner.ts';

let learner: Learner;
beforeAll(async () => {
  const { lessons } = await loadLessons('lessons');
  learner = await newLearner(lessons.find(lesson => lesson.slug === 'container-lifecycle')!);
  await learner.does(['docker run -d --name web nginx:1.22', 'docker run --name over debian:bookworm true']);
  await learner.states();
});
afterAll(() => learner.leaves());

const rows: [command: string, dockersOwn: RegExp, title: RegExp, next: string][] = [
  ['docker rm web', /cannot remove container "\/web": container is running: stop the container before removing or force remove/, /^web is still running$/, 'docker stop web'],
  ['docker run -d --name web nginx:1.22', /Conflict\. The container name "\/web" is already in use by container "[0-9a-f]{64}"\. You have to remove \(or rename\)/, /^The name web is taken$/, 'docker rm -f web'],
  ['docker run --name over debian:bookworm true', /The container name "\/over" is already in use/, /^The name over is taken$/, 'docker rm over'],
  ['docker run no-such-thing', /pull access denied for no-such-thing/, /^There is no image no-such-thing:latest/, 'docker images'],
  ['docker stop wbe', /No such container: wbe/, /^No container is called wbe$/, 'docker ps -a'],
  ['docker logs webb', /No such container: webb/, /^No container is called webb$/, 'docker ps -a'],
  ['docker start web', /^web$/, /^web was running already$/, 'docker ps'],
  ['docker stop over', /^over$/, /^over was stopped already$/, 'docker ps -a'],
  ['docker exec over ls', /container [0-9a-f]{64} is not running/, /^over is not running$/, 'docker start over'],
  ['docker run debian:bookworm nosuch', /exec: "nosuch": executable file not found in \$PATH/, /^Exit code 127: no nosuch in there$/, 'docker ps -a'],
  ['docker run debian:bookworm --name x', /exec: "--name": executable file not found in \$PATH/, /^--name was taken for a command$/, 'docker run --help'],
  ['docker run --name shell debian:bookworm sh -c nosuch', /nosuch: not found/, /^shell ended with exit code 127$/, 'docker logs shell'],
  ['docker run debian:bookworm /etc/passwd', /exec: "\/etc\/passwd": permission denied/, /^Exit code 126: \/etc\/passwd cannot be run$/, 'docker ps -a'],
];
test.each(rows)('%s', async (command, dockersOwn, title, next) => {
  const before = learner.notes.length;
  const { output } = await learner.runs(command);
  expect(output.trim()).toMatch(dockersOwn);
  await expect.poll(() => learner.notes.slice(before).map(note => note.title), { timeout: 5000 }).toEqual([expect.stringMatching(title)]);
  expect(learner.notes.at(-1)).toMatchObject({ command: next });
  expect((await learner.runs(next)).code).toBe(0);
  await learner.does(['docker rm -f web over', 'docker run -d --name web nginx:1.22', 'docker run --name over debian:bookworm true']);
  await learner.states();
});

test('a container that has been removed is named as such', async () => {
  await learner.does(['docker run --name brief debian:bookworm true', 'docker rm brief']);
  const before = learner.notes.length;
  await learner.does(['docker start brief']);
  await expect.poll(() => learner.notes.slice(before).map(note => note.title), { timeout: 5000 }).toEqual(['brief has been removed']);
});

test('work without errors gets no note, nor does inspecting an image by name', async () => {
  const before = learner.notes.length;
  await learner.does(['docker run --rm debian:bookworm true', 'docker inspect nginx:1.22', 'docker ps -a', 'docker pull busybox', 'docker run --rm busybox true']);
  await learner.states();
  await new Promise(resolve => setTimeout(resolve, 400)); // a note that does not come: longer than any is held back
  expect(learner.notes.slice(before)).toEqual([]);
});
