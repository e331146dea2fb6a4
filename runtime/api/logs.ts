// GET /containers/{id}/logs: what a container wrote, from its json-file log; `follow` ends when it stops.
import { z } from 'zod';
import { SlipwayError } from '../errors.ts';
import { taskLog } from '../container/log-options.ts';
import type { Container } from '../container/model.ts';
import { containerLog } from '../paths.ts';
import type { Call } from './call.ts';
import { frame, FRAME_HEAD, frameHead, MULTIPLEXED_STREAM, RAW_STREAM } from './hijack.ts';
import { readLog, type LogEntry } from './log-file.ts';
import { bool, text, timestamp } from './query.ts';
import { route } from './route.ts';
import { isOlder } from './version.ts';

export const logRoutes = [
  route('GET', '/containers/:id/logs', {
    query: z.object({ follow: bool, stdout: bool, stderr: bool, since: timestamp, until: timestamp, timestamps: bool, tail: text, details: bool }),
    async handle(call, query) {
      if (!query.stdout && !query.stderr) throw new SlipwayError('InvalidParameter', 'Bad parameters: you must choose at least one stream');
      const { api } = call;
      const container = call.container();
      const driver = container.record.hostConfig.LogConfig.Type;
      if (driver === 'none') throw new SlipwayError('NotImplemented', 'configured logging driver does not support reading');
      const tty = container.record.config.Tty;
      const running = container.record.state.status === 'running' || container.record.state.status === 'paused';
      // Rejects when the client leaves, which ends the reading too.
      const until = query.follow && running ? api.verbs.wait(api.host, container, { condition: 'not-running', signal: call.signal }) : null;
      until?.catch(() => {});
      const past = query.until !== null && query.until <= nowNs();
      const out = call.stream(tty || isOlder(call.version, '1.42') ? RAW_STREAM : MULTIPLEXED_STREAM);

      const show = (entry: LogEntry) => {
        if (isOutside(entry.time, query)) return [];
        if (!(entry.stream === 1 ? query.stdout : query.stderr)) return [];
        const prefix = `${query.timestamps ? `${fullTime(entry.time)} ` : ''}${query.details ? `${attributes(entry)} ` : ''}`;
        return [prefix ? { ...entry, text: prefix + entry.text } : entry];
      };
      for await (const batch of readLog(logPath(call, container), { tail: tail(query.tail), until: past ? null : until, signal: call.signal, older: olderFiles(container) })) {
        const shown = batch.flatMap(show);
        if (shown.length > 0) await out.write(encodeAll(shown, tty));
        if (query.until !== null && nanoseconds(batch.at(-1)!.time) > query.until) break;
      }
      out.end();
      return null;
    },
  }),
];

/** What an attachment with `logs` gets before the live output. */
export async function sendPastLog(call: Call, container: Container, wanted: { stdout: boolean; stderr: boolean }, send: (data: Buffer) => unknown, { framed = true } = {}): Promise<void> {
  const tty = container.record.config.Tty || !framed;
  for await (const batch of readLog(logPath(call, container), { tail: -1, until: null, signal: call.signal, older: olderFiles(container) })) {
    for (const entry of batch) if (entry.stream === 1 ? wanted.stdout : wanted.stderr) send(encode(entry, tty));
  }
}

const encode = (entry: LogEntry, tty: boolean) => (tty ? Buffer.from(entry.text) : frame(entry.stream, Buffer.from(entry.text)));
/** All in one buffer: a log of thousands of lines would else be as many small ones. */
function encodeAll(entries: readonly LogEntry[], tty: boolean): Buffer {
  const head = tty ? 0 : FRAME_HEAD;
  const all = Buffer.allocUnsafe(entries.reduce((sum, { text }) => sum + head + Buffer.byteLength(text), 0));
  let at = 0;
  for (const { stream, text } of entries) {
    const size = all.write(text, at + head);
    if (!tty) frameHead(all, at, stream, size);
    at += head + size;
  }
  return all;
}
const logPath = (call: Call, container: Container) => containerLog(call.api.host.ref.lab, call.api.host.ref.host, container.record.id);
/** What `docker logs --details` puts before a line. */
const attributes = ({ attrs }: LogEntry) => Object.entries(attrs ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${queryEscape(name)}=${queryEscape(value)}`).join(',');
/** As Go's url.QueryEscape. */
const queryEscape = (text: string) => encodeURIComponent(text).replace(/%20/g, '+').replace(/[!'()*]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
function olderFiles({ record }: Container): number {
  try {
    return (taskLog(record).logFiles ?? 1) - 1;
  } catch {
    return 0; // its options are wrong: it never came to run
  }
}
function isOutside(entryTime: string, { since, until }: { since: bigint | null; until: bigint | null }): boolean {
  if (since === null && until === null) return false;
  const time = nanoseconds(entryTime);
  return (since !== null && time < since) || (until !== null && time > until);
}
const nowNs = () => BigInt(Date.now()) * 1_000_000n;

/** A number, or all: dockerd takes what is no number for all. */
function tail(value: string): number {
  return /^\d+$/.test(value) ? Number(value) : -1;
}

/** The log's times have up to nine digits; `-t` prints all nine. */
function fullTime(time: string): string {
  const [, whole = '', fraction = ''] = /^(.{19})(?:\.(\d+))?Z$/.exec(time) ?? [];
  return whole ? `${whole}.${fraction.padEnd(9, '0')}Z` : time;
}

function nanoseconds(time: string): bigint {
  const full = fullTime(time);
  return BigInt(Math.floor(Date.parse(`${full.slice(0, 19)}Z`) / 1000)) * 1_000_000_000n + BigInt(full.slice(20, 29) || '0');
}
