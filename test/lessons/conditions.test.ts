// Conditions that read the engine's own records, in a real lab: what the stock client asked for is what is found.
import { afterEach, expect, test } from 'vitest';
import { newLearner, type Learner } from '../../server/authoring/learner.ts';
import { lessonOf, ticksOf } from './lesson-of.ts';

let learner: Learner;
afterEach(() => learner.leaves());

const checks = {
  memory: { record: { container: { name: 'small' }, at: 'HostConfig.Memory', is: 64 * 2 ** 20 } },
  capability: { record: { container: { name: 'small' }, at: 'HostConfig.CapAdd', is: ['NET_ADMIN', 'CAP_NET_ADMIN'] } },
  environment: { record: { container: { name: 'small' }, at: 'Config.Env', is: 'COLOUR=blue' } },
  larger: { record: { container: { name: 'large' }, at: 'HostConfig.Memory', atLeast: 128 * 2 ** 20 } },
  light: { image: { reference: 'busybox', maxMegabytes: 20 } },
};
const ticks = () => ticksOf(learner);

test('limits, capabilities and environment are read from the engine, of each container its own', async () => {
  learner = await newLearner(lessonOf(checks));
  expect(await ticks()).toEqual([]);
  await learner.does(['docker run -d --name small -m 64m --cap-add NET_ADMIN -e COLOUR=blue busybox sleep 600']);
  expect(await ticks()).toEqual(['memory', 'capability', 'environment', 'light']);
  await learner.does(['docker run -d --name large -m 128m busybox sleep 600']);
  expect(await ticks()).toEqual(['memory', 'capability', 'environment', 'larger', 'light']);
});
