// Runs a RUN's container to its end. Called by both builders: the classic one's containers are the host's like any other, BuildKit's are seen by nobody.
import type { Container, Host } from '../container/model.ts';
import type { ContainerVerbs } from '../container/verbs.ts';

/** Resolves with the exit code when all output has been taken. Aborting leaves the container running: the caller removes it. */
export async function runToEnd(host: Host, verbs: ContainerVerbs, container: Container, options: { say: (stream: 1 | 2, data: Buffer) => Promise<void> | void; signal: AbortSignal }): Promise<number> {
  let shown: Promise<void> = Promise.resolve();
  const over = Promise.withResolvers<void>();
  await verbs.attach(host, container, {
    stdin: false, stdout: true, stderr: true,
    sink: {
      write(stream, data) {
        const kept = Buffer.from(data);
        shown = shown.then(() => options.say(stream, kept));
        return true;
      },
      end: () => over.resolve(),
    },
  });
  const exit = verbs.wait(host, container, { condition: 'next-exit', signal: options.signal });
  exit.catch(() => {}); // awaited below; the start may fail first
  await verbs.start(host, container);
  const { exitCode } = await exit;
  await over.promise;
  await shown;
  return exitCode;
}
