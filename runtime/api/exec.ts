// Routes of execs: create, start (detached, or joined to the connection), inspect, resize.
import { z } from 'zod';
import type { OutputSink } from '../container/model.ts';
import { SlipwayError } from '../errors.ts';
import { clientSink, join, streamType } from './attach.ts';
import { DetachScanner, parseDetachKeys } from './detach-keys.ts';
import { EXEC, EXEC_START } from './go-structs.ts';
import { dimension } from './query.ts';
import { route } from './route.ts';

const flag = z.boolean().nullish().transform(v => v ?? false);
const words = z.array(z.string()).nullish().transform(v => v ?? []);
const name = z.string().nullish().transform(v => v ?? '');
const consoleSize = z.tuple([z.number().int(), z.number().int()]).nullish().transform(v => v ?? null);

const execBody = z.object({
  User: name, Privileged: flag, Tty: flag, ConsoleSize: consoleSize, AttachStdin: flag, AttachStdout: flag, AttachStderr: flag,
  DetachKeys: name, Env: words, WorkingDir: name, Cmd: words,
});
const startBody = z.object({ Detach: flag, Tty: flag, ConsoleSize: consoleSize });

export const execRoutes = [
  route('POST', '/containers/:id/exec', {
    body: execBody, bodyMayBeEmpty: true, goStruct: EXEC,
    async handle(call, _query, body) {
      if (body.Cmd.length === 0) throw new SlipwayError('InvalidParameter', 'No exec command specified');
      parseDetachKeys(body.DetachKeys, 'escape');
      const exec = await call.api.verbs.createExec(call.api.host, call.container(), {
        user: body.User, tty: body.Tty, attachStdin: body.AttachStdin, attachStdout: body.AttachStdout, attachStderr: body.AttachStderr,
        privileged: body.Privileged, env: body.Env, workingDir: body.WorkingDir, cmd: body.Cmd, detachKeys: body.DetachKeys, consoleSize: body.ConsoleSize,
      });
      return { status: 201, json: { Id: exec.id } };
    },
  }),

  route('POST', '/exec/:id/start', {
    body: startBody, bodyMayBeEmpty: true, goStruct: EXEC_START,
    hijacks: true,
    async handle(call, _query, body) {
      const { host, verbs } = call.api;
      const exec = verbs.resolveExec(host, call.params.id!);
      call.about(exec.container);
      if (body.ConsoleSize && !body.Tty) throw new SlipwayError('InvalidParameter', 'console size is only supported when TTY is enabled');
      const options = { tty: body.Tty, consoleSize: body.ConsoleSize };
      if (body.Detach) {
        await verbs.startExec(host, exec, { ...options, sink: null });
        return { status: 200 };
      }
      const client = call.hijack();
      const contentType = streamType(client, body.Tty, call.version);
      client.open(contentType);
      const output = clientSink(client, contentType, body.Tty);
      // The connection is a stream by now, so a failure travels in it, as from dockerd.
      const sayFailure = (message: string) => {
        call.failed(message);
        output.write(1, Buffer.from(`${message}\r\n`));
      };
      const sink: OutputSink = {
        write: (stream, data) => output.write(stream, data),
        end(end) {
          if (end.kind === 'failed') sayFailure(end.message);
          output.end(end);
        },
      };
      try {
        const attachment = await verbs.startExec(host, exec, { ...options, sink });
        const stdin = exec.config.attachStdin;
        const scanner = exec.config.tty && stdin ? new DetachScanner(parseDetachKeys(exec.config.detachKeys, 'escape')) : null;
        if (attachment) join(client, attachment, { takesInput: stdin, endsInput: !exec.config.tty, scanner });
      } catch (error) {
        sayFailure(error instanceof Error ? error.message : String(error));
        client.end();
      }
      return null;
    },
  }),

  route('GET', '/exec/:id/json', {
    handle(call) {
      const exec = call.api.verbs.resolveExec(call.api.host, call.params.id!);
      call.about(exec.container);
      return { status: 200, json: call.api.verbs.inspectExec(call.api.host, exec) };
    },
  }),

  route('POST', '/exec/:id/resize', {
    query: z.object({ h: dimension, w: dimension }),
    quiet: true,
    async handle(call, query) {
      const exec = call.api.verbs.resolveExec(call.api.host, call.params.id!);
      await call.api.verbs.resizeExec(call.api.host, exec, { rows: query.h, cols: query.w });
      return { status: 200 };
    },
  }),
];
