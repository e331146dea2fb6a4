// Global set-up of the tests that need labs: one instance of broker and engine (and, for the browser, web) of its own, stopped at the end; then
// nothing that it ever made may be left (leaks.ts). When an instance of that name runs already, it is used and left alone, without that check.
import type { TestProject } from 'vitest/node';
import { testEnv } from './place.ts';

/** A connection more or less is chance, above all in a process that was restarted; what leaks, leaks with every lab. */
const DESCRIPTOR_SLACK = 4;

export default async function startInstance(project: TestProject): Promise<() => Promise<void>> {
  if (process.getuid?.() !== 0) throw new Error('These tests make labs, which takes root: run them with sudo (npm test does).');
  Object.assign(process.env, testEnv); // before the modules below read it
  const { findLeaks, openDescriptors, takeSnapshot } = await import('./leaks.ts');
  const { expectedRestarts, removePlaces, runInstance, until } = await import('./run-instance.ts');
  const { disposeLabsLeft, warmUp } = await import('./warm.ts');
  const { readStatus } = await import('../runtime/supervisor/status.ts');
  const running = readStatus();
  if (running) {
    console.warn(`\nUsing the instance "${running.instance}" that runs already (process ${running.pid}). What tests leave over is NOT checked.\n`);
    return async () => {};
  }
  const before = takeSnapshot();
  const instance = await runInstance({ web: project.name === 'web' });
  await warmUp();
  const atFirst = new Map(openDescriptors(readStatus()!).map(({ name, open }) => [name, open]));

  return async () => {
    const leaks: string[] = [];
    const now = readStatus();
    if (!now || instance.hasEnded()) {
      leaks.push('the instance ended before the tests did');
    } else {
      leaks.push(...(await disposeLabsLeft()).map(lab => `lab ${lab}, not disposed of by its test`));
      const tooMany = () => openDescriptors(now).filter(({ name, open }) => open > (atFirst.get(name) ?? 0) + DESCRIPTOR_SLACK);
      await until(() => tooMany().length === 0, 10_000).catch(() => leaks.push(...tooMany().map(({ name, open, kinds }) => `${open} descriptors of ${name}, which had ${atFirst.get(name)} at first: ${kinds}`)));
      leaks.push(...now.services.filter(({ name, restarts }) => restarts > expectedRestarts(name)).map(({ name, restarts }) => `${restarts} ends of ${name} that nobody asked for`));
      await instance.stop();
    }
    await until(() => findLeaks(before).length === 0, 5_000).catch(() => leaks.push(...findLeaks(before)));
    if (!leaks.length) return removePlaces(); // not with leaks: a mount may be among them, and what is below it is not ours to remove
    process.exitCode = 1; // vitest takes an error at this point for a remark
    throw new Error(`Left over after the tests:\n  ${leaks.join('\n  ')}\n\nThe instance's own words at the end:\n${instance.words().split('\n').slice(-60).join('\n')}`);
  };
}
