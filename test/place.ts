// Where the instance that tests start has its sockets and records. Beside an installed Slipway, never on top of it; SLIPWAY_INSTANCE gives another
// name, so that two people (or two runs) can test on one machine.
const instance = process.env.SLIPWAY_INSTANCE ?? 'test';

export const testEnv = {
  SLIPWAY_INSTANCE: instance,
  SLIPWAY_RUN: process.env.SLIPWAY_RUN ?? `/run/slipway-${instance}`,
  SLIPWAY_STATE: process.env.SLIPWAY_STATE ?? `/var/tmp/slipway-${instance}`,
  /** None waiting, unless a test asks for them: what is left over is counted. */
  SLIPWAY_POOL: process.env.SLIPWAY_POOL ?? '0',
  SLIPWAY_POOL_MAX: process.env.SLIPWAY_POOL_MAX ?? '0',
  /** What takes minutes takes seconds for those whom a test makes instructors. */
  SLIPWAY_POLICY_INSTRUCTOR: 'freeze=2s suspend=12s warn=8s work=1h',
  SLIPWAY_IDLE_SECONDS: '1',
  /** Of registries outside: none, until a test writes the file. */
  ...(process.env.VITEST ? { SLIPWAY_UPSTREAMS: process.env.SLIPWAY_UPSTREAMS ?? `${process.env.SLIPWAY_STATE ?? `/var/tmp/slipway-${instance}`}/upstreams.json` } : {}),
  /** By which browser tests open the site as if from elsewhere (web/browser.ts). */
  SLIPWAY_HOSTS: 'lab.test',
  PORT: process.env.PORT ?? '3900',
};
