// How set-up talks to the person: one line per step, which on a terminal is a live bar or spinner and elsewhere (CI, a pipe) is printed once when
// the step has ended. Used by every step; knows nothing of what the steps do.
import { readFileSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { root } from './shell.mjs';

const durationsFile = join(root, 'dist', '.stamps', 'durations.json');
const live = process.stdout.isTTY && !process.env.CI;
const FRAMES = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';
const BAR = 24; // columns

export class Reporter {
  constructor() {
    this.current = undefined;
    this.timer = undefined;
    this.frame = 0;
  }

  /**
   * Runs `work` as a step called `name`. `work` gets `update(percent | null, words)`; without a percentage the bar follows the time the
   * step took last time. The step's line is closed whether it succeeds or fails.
   */
  async step(name, work) {
    const durations = readDurations();
    this.current = { name, started: Date.now(), percent: null, words: '', usual: durations[name] };
    if (live) {
      this.draw();
      this.timer = setInterval(() => this.draw(), 100);
    } else {
      console.log(`… ${name}`);
    }
    const update = (percent, words = '') => Object.assign(this.current, { percent, words });
    try {
      const answer = await work(update);
      const ms = Date.now() - this.current.started;
      this.close(`✔ ${name}${ms >= 1000 ? ` (${(ms / 1000).toFixed(0)} s)` : ''}`);
      writeDurations({ ...durations, [name]: ms });
      return answer;
    } catch (error) {
      this.close(`✘ ${name}`);
      throw error;
    }
  }

  /** Says that a step had nothing to do; only where a person watches, so that a second start stays quiet. */
  skipped(name) {
    if (process.env.SLIPWAY_VERBOSE) console.log(`· ${name}: nothing to do`);
  }

  close(line) {
    clearInterval(this.timer);
    this.timer = undefined;
    if (!this.current) return;
    this.current = undefined;
    if (live) process.stdout.write('\r\x1b[K');
    if (line) console.log(line);
  }

  draw() {
    const { name, started, percent, words, usual } = this.current;
    const elapsed = Date.now() - started;
    const known = percent ?? (usual ? Math.min(99, (100 * elapsed) / usual) : null);
    const spinner = FRAMES[this.frame++ % FRAMES.length];
    const bar = known === null ? '' : ` ${'█'.repeat(Math.round((known * BAR) / 100)).padEnd(BAR, '░')} ${String(Math.floor(known)).padStart(3)} %`;
    const line = `${spinner} ${name}${bar}  ${(elapsed / 1000).toFixed(0)} s${words ? `  ${words}` : ''}`;
    process.stdout.write(`\r\x1b[K${line.slice(0, (process.stdout.columns ?? 80) - 1)}`);
  }
}

function readDurations() {
  try {
    return JSON.parse(readFileSync(durationsFile, 'utf8'));
  } catch {
    return {}; // the first run on this machine
  }
}

function writeDurations(durations) {
  mkdirSync(join(root, 'dist', '.stamps'), { recursive: true });
  writeFileSync(durationsFile, JSON.stringify(durations));
}
