// A learner who is root in the lab and would rather have the ticks than do the work. Only the engine's journal and records count.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadLessons } from '../../lessons/load.ts';
import { newLearner, type Learner } from '../../server/authoring/learner.ts';

const { lessons } = await loadLessons('lessons');
let learner: Learner;
beforeEach(async () => { learner = await newLearner(lessons.find(lesson => lesson.slug === 'container-lifecycle')!); });
afterEach(() => learner.leaves());
const ticks = async () => [...(await learner.states())].filter(([, state]) => state.state === 'done').map(([id]) => id);

test('replacing docker, ps, cat and bash gains nothing', async () => {
  await learner.does([`printf '#!/bin/sh\\necho Hello from a container!\\n' > /tmp/fake && chmod +x /tmp/fake && for p in docker ps cat; do cp /tmp/fake $(command -v $p); done`]);
  for (const command of ['docker run hello-world', 'docker run -d --name web nginx:1.22', 'ps']) {
    expect((await learner.runs(command)).output, command).toContain('Hello from a container!'); // the deceit works on the learner's screen
  }
  await learner.does(['cp /tmp/fake /bin/bash.new && mv /bin/bash.new /bin/bash', 'docker run hello-world']);
  expect(await ticks()).toEqual([]);
});

test('writing history gains nothing', async () => {
  await learner.does(['for i in 1 2 3; do echo docker run hello-world >> ~/.bash_history; done; history -s docker run hello-world; history -w']);
  expect(await ticks()).toEqual([]);
});

test('mounting over /proc and /var/lib/docker and forging logs gains nothing', async () => {
  const { output } = await learner.runs([
    'mount -t tmpfs none /var/lib/docker',
    'mkdir -p /var/lib/docker/containers/aaa',
    `echo '{"log":"2 /visits\\n","stream":"stdout"}' > /var/lib/docker/containers/aaa/aaa-json.log`,
    'mount -t tmpfs none /proc',
    'ls /var/lib/docker/containers',
  ].join('; '));
  expect(output).toContain('aaa'); // it was done
  expect(await ticks()).toEqual([]);
});

test('an image of the learner\'s own under a name that sounds right gains nothing', async () => {
  await learner.does(['docker pull busybox', 'docker tag busybox hello 2>/dev/null', 'docker run --name hello-world busybox true', 'docker run -l image=hello-world busybox true']);
  expect(await ticks()).toEqual([]);
});

test('a flood of events neither ticks anything nor drowns the work that counts', { timeout: 120_000 }, async () => {
  await learner.does(['docker pull busybox', 'for i in $(seq 40); do docker run --rm busybox true & done; for i in $(seq 60); do docker ps -a >/dev/null; docker rm nothing$i 2>/dev/null; done; wait']);
  expect(await ticks()).toEqual([]);
  await learner.does(['docker run hello-world']);
  expect(await ticks()).toEqual(['hello']);
});
