// Health checks: a command run in the container again and again while it runs, and what its results make of the container's health.
// Started by exit.ts with the watch over a running container; ends with it. inspect and ps show `live.health`.
// https://docs.docker.com/reference/dockerfile/#healthcheck
import type { ShimConnection } from '../kernel/shim.ts';
import type { ContainerConfig } from './config.ts';
import { createExec, startExec } from './exec.ts';
import { emit } from './state.ts';
import { timestamp } from './time.ts';
import type { Container, Health, Host } from './model.ts';

const DEFAULT = { intervalMs: 30_000, timeoutMs: 30_000, startIntervalMs: 5_000, retries: 3 } as const;
const MAX_OUTPUT = 4096; // bytes of a result's output that are kept
const KEPT_RESULTS = 5;

/** The command to run, or null when there is none to. Pure. */
export function healthCommand(config: Pick<ContainerConfig, 'Healthcheck' | 'Shell'>): string[] | null {
  const [kind, ...words] = config.Healthcheck?.Test ?? [];
  if (kind === 'CMD' && words.length) return words;
  if (kind === 'CMD-SHELL') return [...(config.Shell?.length ? config.Shell : ['/bin/sh', '-c']), ...words];
  return null;
}

/** What a result makes of the health before it. In the start period failures do not count. Pure. */
export function nextHealth(before: Health, exitCode: number, options: { retries: number; inStartPeriod: boolean }): Pick<Health, 'status' | 'failingStreak'> {
  if (exitCode === 0) return { status: 'healthy', failingStreak: 0 };
  if (before.status === 'starting' && options.inStartPeriod) return { status: 'starting', failingStreak: 0 };
  const failingStreak = before.failingStreak + 1;
  return { status: failingStreak >= options.retries ? 'unhealthy' : before.status, failingStreak };
}

export function watchHealth(host: Host, container: Container, shim: ShimConnection) {
  const { config } = container.record;
  const command = healthCommand(config);
  if (!command) {
    container.live.health = null;
    return;
  }
  const asked = config.Healthcheck!;
  const ms = (ns: number | undefined, fallback: number) => (ns ? ns / 1e6 : fallback);
  const intervalMs = ms(asked.Interval, DEFAULT.intervalMs);
  const startPeriodMs = ms(asked.StartPeriod, 0);
  const startIntervalMs = ms(asked.StartInterval, DEFAULT.startIntervalMs);
  const startedAt = Date.now();
  const health: Health = { status: 'starting', failingStreak: 0, log: [] };
  container.live.health = health;
  let timer: NodeJS.Timeout | undefined;
  let over = false;
  const inStartPeriod = () => Date.now() - startedAt < startPeriodMs;
  const later = () => { if (!over) timer = setTimeout(() => void turn().catch(error => { if (!host.closing.signal.aborted) host.onError(error); }).then(later), health.status === 'starting' && inStartPeriod() ? startIntervalMs : intervalMs); };
  const turn = async () => {
    if (container.record.state.status !== 'running' || host.isFrozen()) return; // paused, or nobody is there
    const begun = inStartPeriod();
    const start = timestamp();
    const { exitCode, output } = await probe(host, container, command, ms(asked.Timeout, DEFAULT.timeoutMs));
    if (over) return;
    health.log = [...health.log, { Start: start, End: timestamp(), ExitCode: exitCode, Output: output }].slice(-KEPT_RESULTS);
    const before = health.status;
    Object.assign(health, nextHealth(health, exitCode, { retries: asked.Retries || DEFAULT.retries, inStartPeriod: begun }));
    if (health.status !== before) emit(host, container, `health_status: ${health.status}`);
  };
  shim.once('end', () => {
    over = true;
    clearTimeout(timer);
  });
  later();
}

/** A check that cannot be run has failed like one that says no. */
async function probe(host: Host, container: Container, command: string[], timeoutMs: number): Promise<{ exitCode: number; output: string }> {
  let output = '';
  let ended = () => {};
  const end = new Promise<void>(resolve => { ended = resolve; });
  const exec = await createExec(host, container, { user: '', tty: false, attachStdin: false, attachStdout: true, attachStderr: true, privileged: false, env: [], workingDir: '', cmd: command, detachKeys: '', consoleSize: null });
  let timedOut = false;
  const endLate = () => { if (timedOut && exec.state.status === 'running') exec.state.shim.signal(9); };
  const deadline = setTimeout(() => {
    timedOut = true;
    endLate();
  }, timeoutMs);
  try {
    await startExec(host, exec, { tty: false, consoleSize: null, sink: { write(_stream, data) { if (output.length < MAX_OUTPUT) output += data.toString('utf8'); return true; }, end: () => ended() } });
    endLate(); // its time may be over before it began
    await end;
  } catch (error) {
    return { exitCode: 'exitCode' in (error as object) ? Number((error as { exitCode: unknown }).exitCode) : 1, output: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(deadline);
  }
  if (timedOut) return { exitCode: -1, output: `Health check exceeded timeout (${timeoutMs < 1000 ? `${timeoutMs}ms` : `${timeoutMs / 1000}s`})${output ? `: ${output}` : ''}`.slice(0, MAX_OUTPUT) };
  return { exitCode: exec.state.status === 'exited' ? exec.state.exitCode : 1, output: output.slice(0, MAX_OUTPUT) };
}
