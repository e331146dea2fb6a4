// POST /containers/{id}/attach, and the joining of a hijacked connection to a process's stdio that exec.ts uses too.
import { z } from 'zod';
import type { Attachment, OutputSink } from '../container/model.ts';
import { DetachScanner, parseDetachKeys } from './detach-keys.ts';
import { frame, MULTIPLEXED_STREAM, RAW_STREAM, type Hijacked } from './hijack.ts';
import { sendPastLog } from './logs.ts';
import { bool, text } from './query.ts';
import { route } from './route.ts';
import { isOlder } from './version.ts';

const attachQuery = z.object({ detachKeys: text, logs: bool, stream: bool, stdin: bool, stdout: bool, stderr: bool });

export const attachRoutes = [
  // A browser's way: the same bytes in binary messages, without frames, stdout and stderr as they come.
  route('GET', '/containers/:id/attach/ws', {
    query: attachQuery,
    hijacks: true,
    async handle(call, asked) {
      const { api } = call;
      const keys = parseDetachKeys(asked.detachKeys, 'detach');
      const container = call.container();
      const client = await call.webSocket();
      if (asked.logs) await sendPastLog(call, container, { stdout: true, stderr: true }, data => client.write(data), { framed: false });
      if (!asked.stream) {
        client.end();
        return null;
      }
      const stdin = asked.stdin && container.record.config.OpenStdin;
      const attachment = await api.verbs.attach(api.host, container, { stdin, stdout: asked.stdout, stderr: asked.stderr, sink: clientSink(client, RAW_STREAM, true) });
      join(client, attachment, { takesInput: stdin, endsInput: container.record.config.StdinOnce && !container.record.config.Tty, scanner: stdin ? new DetachScanner(keys) : null });
      return null;
    },
  }),

  route('POST', '/containers/:id/attach', {
    query: attachQuery,
    hijacks: true,
    async handle(call, query) {
      const { api } = call;
      const keys = parseDetachKeys(query.detachKeys, 'detach');
      const container = call.container();
      const tty = container.record.config.Tty;
      const client = call.hijack();
      const contentType = streamType(client, tty, call.version);
      if (query.logs) {
        client.open(contentType);
        await sendPastLog(call, container, query, data => client.write(data));
      }
      if (!query.stream) {
        client.open(contentType);
        client.end();
        return null;
      }
      const sink = clientSink(client, contentType, tty);
      const stdin = query.stdin && container.record.config.OpenStdin;
      const attachment = await api.verbs.attach(api.host, container, { stdin, stdout: query.stdout, stderr: query.stderr, sink });
      client.open(contentType);
      join(client, attachment, { takesInput: stdin, endsInput: container.record.config.StdinOnce && !tty, scanner: tty && stdin ? new DetachScanner(keys) : null });
      return null;
    },
  }),
];

/** Clients of API 1.42 and newer learn from the content type whether output comes in frames. */
export function streamType(client: Hijacked, tty: boolean, version: string): string {
  return client.upgraded && !tty && !isOlder(version, '1.42') ? MULTIPLEXED_STREAM : RAW_STREAM;
}

/** Output to the client, in frames unless it is a terminal's. The first byte sends the answer's head. */
export function clientSink(client: Hijacked, contentType: string, tty: boolean): OutputSink {
  return {
    write(stream, data) {
      client.open(contentType);
      return client.write(tty ? data : frame(stream, data));
    },
    end() {
      client.open(contentType);
      client.end();
    },
  };
}

/**
 * Joins both ways until either side ends. A client that leaves only detaches: the process lives on. `endsInput`: the end of the client's
 * input is the end of the process's; otherwise the client's end of input is the end of its attachment, as in dockerd.
 */
export function join(client: Hijacked, attachment: Attachment, options: { takesInput: boolean; endsInput: boolean; scanner: DetachScanner | null }) {
  const { scanner, takesInput, endsInput } = options;
  client.onDrain(() => attachment.drained());
  attachment.onDrain(() => client.resume());
  client.listen({
    onInput(input) {
      if (!takesInput) return true;
      const { data, detached } = scanner ? scanner.feed(input) : { data: input, detached: false };
      const roomLeft = data.length === 0 || attachment.stdin(data);
      if (!detached) return roomLeft;
      attachment.detach({ byKeys: true });
      client.end();
      return true;
    },
    onInputEnd() {
      if (!takesInput) return;
      if (endsInput) return attachment.closeStdin();
      attachment.detach();
      client.end();
    },
    onGone() { attachment.detach(); },
  });
}
