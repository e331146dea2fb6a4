// Output of the supervisor's children: sentences behind their names on a terminal, else lines of JSON, whatever they print; and a child that is run to its end.
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Runs a command to its end; rejects when it fails. */
export function runOnce(name: string, argv: string[], options: { cwd: string; env: NodeJS.ProcessEnv }): Promise<void> {
  const child = spawn(argv[0]!, argv.slice(1), { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  prefixLines(name, child);
  return new Promise((resolve, reject) => {
    child.once('error', error => reject(new Error(`${name} cannot be started: ${error.message}`)));
    child.once('close', (code, signal) => (code === 0 ? resolve() : reject(new Error(`${name} failed (${signal ?? `exit code ${code}`}); its own words are above.`))));
  });
}

/** `onError` hears what a line of level error says, without what it is about: that may be a learner's. */
export function prefixLines(name: string, child: ChildProcess, onError: (what: string) => void = () => {}) {
  const show = process.stdout.isTTY ? (line: string) => `${name.padEnd(7)}│ ${readable(line)}` : (line: string) => asJson(name, line);
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface({ input: stream }).on('line', line => {
      console.log(show(line));
      const what = errorIn(line);
      if (what) onError(what);
    });
  }
}

function errorIn(line: string): string | undefined {
  if (!/^\{"level":[56]0/.test(line)) return undefined;
  try {
    const { msg, verb, lab, err } = JSON.parse(line) as { msg?: string; verb?: string; lab?: string; err?: { type?: string; kind?: string; code?: string } };
    return [msg ?? 'error', verb, lab && `lab ${lab}`, err?.kind ?? err?.code ?? err?.type].filter(Boolean).join(', ');
  } catch {
    return undefined;
  }
}

/** Pino's JSON as it is, with the process in front; anything else as the message of a line. */
const asJson = (name: string, line: string) => (line.startsWith('{"level":') ? `{"process":${JSON.stringify(name)},${line.slice(1)}` : JSON.stringify({ process: name, level: 30, time: Date.now(), msg: line }));

/** Pino's JSON as a sentence; anything else as it is. */
function readable(line: string): string {
  if (!line.startsWith('{"level":')) return line;
  try {
    const { level, msg = '', verb, lab, err } = JSON.parse(line) as { level: number; msg?: string; verb?: string; lab?: string; err?: { type: string; kind?: string; code?: string; message?: string; stack: string[] } };
    const what = [msg, verb, lab && `lab ${lab}`, err && [err.type, err.kind, err.code, err.message].filter(Boolean).join(' ')].filter(Boolean).join(', ');
    return [level >= 50 ? `error: ${what}` : level >= 40 ? `warning: ${what}` : what, ...(err?.stack ?? []).map(place => `    ${place}`)].join('\n');
  } catch {
    return line;
  }
}
