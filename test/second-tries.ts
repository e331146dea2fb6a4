// A reporter for `npm test`: names the tests that passed at the second try only. They wait for something on a busy machine, or have found a race; either is to be looked into.
import type { Reporter, TestCase } from 'vitest/node';

export default class SecondTries implements Reporter {
  private readonly names: string[] = [];

  onTestCaseResult(test: TestCase) {
    const { state, errors } = test.result();
    if (!test.diagnostic()?.flaky || state !== 'passed') return;
    this.names.push(`${test.module.relativeModuleId} > ${test.fullName}: ${errors?.[0]?.message.split('\n')[0] ?? 'no reason is known'}`);
  }

  onTestRunEnd() {
    if (this.names.length) console.log(`\n${this.names.length} passed at the second try only:\n${this.names.map(name => `  ${name}\n`).join('')}`);
  }
}
