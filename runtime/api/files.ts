// Routes of containers' files: diff, cp and export. The verbs do the work inside the lab; here are only queries, headers and streams.
import { z } from 'zod';
import { changes } from '../container/changes.ts';
import { exportContainer, readPath, statPath, writePath, type PathStat } from '../container/files.ts';
import { SlipwayError } from '../errors.ts';
import { detectCompression } from './archive.ts';
import type { Call } from './call.ts';
import { bool, text } from './query.ts';
import { route } from './route.ts';

const pathQuery = z.object({ path: text });
const TAR = 'application/x-tar';

export const fileRoutes = [
  route('GET', '/containers/:id/changes', {
    async handle(call) {
      const found = await changes(call.api.host, call.container());
      return { status: 200, json: found.length ? found : null };
    },
  }),

  route('HEAD', '/containers/:id/archive', {
    query: pathQuery,
    async handle(call, query) {
      const stat = await statPath(call.api.host, call.container(), wanted(query.path));
      call.answer(200, statHeader(stat), '');
      return null;
    },
  }),

  route('GET', '/containers/:id/archive', {
    query: pathQuery,
    async handle(call, query) {
      const path = wanted(query.path);
      const container = call.container();
      const headers: Record<string, string> = {};
      await send(call, headers, out => readPath(call.api.host, container, path, { ...out, stat: stat => { Object.assign(headers, statHeader(stat)); } }));
      return null;
    },
  }),

  route('PUT', '/containers/:id/archive', {
    query: z.object({ path: text, noOverwriteDirNonDir: bool, copyUIDGID: bool }),
    async handle(call, query) {
      const container = call.container();
      const path = wanted(query.path);
      const { compression, input } = await detectCompression(call.input());
      await writePath(call.api.host, container, path, { input, compression, keepDirectories: query.noOverwriteDirNonDir, signal: call.signal });
      return { status: 200 };
    },
  }),

  route('GET', '/containers/:id/export', {
    async handle(call) {
      const container = call.container();
      await send(call, {}, out => exportContainer(call.api.host, container, out));
      return null;
    },
  }),
];

function wanted(path: string): string {
  if (path === '') throw new SlipwayError('InvalidParameter', 'bad parameter: pathcannot be empty');
  return path;
}

const statHeader = (stat: PathStat) => ({ 'X-Docker-Container-Path-Stat': Buffer.from(JSON.stringify(stat)).toString('base64') });

/** An archive as the answer; what goes wrong before its first byte is still an error, later it cuts the connection. */
export async function send(call: Call, headers: Record<string, string>, work: (out: { write(chunk: Buffer): Promise<void>; signal: AbortSignal }) => Promise<void>): Promise<void> {
  let answer: ReturnType<Call['stream']> | undefined;
  const open = () => (answer ??= call.stream(TAR, { headers, reportAtEnd: true }));
  await work({ write: chunk => open().write(chunk), signal: call.signal });
  open().end();
}
