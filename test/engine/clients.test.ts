// Docker's client libraries, used as their users use them: dockerode, testcontainers (without its reaper, whose image is not in the library), and
// Debian's python3-docker (clients.py). None of them knows that it does not talk to dockerd.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import Docker from 'dockerode';
import { pack } from 'tar-stream';
import { GenericContainer, Network, Wait } from 'testcontainers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestLab, eventually, type TestLab } from './lab.ts';

let lab: TestLab;
beforeAll(async () => {
  lab = await createTestLab('clients', { pull: ['busybox', 'nginx'] });
});
afterAll(() => lab?.dispose());

const collect = (stream: NodeJS.ReadableStream) => new Promise<string>((resolve, reject) => {
  let text = '';
  stream.on('data', (chunk: Buffer) => { text += chunk.toString(); }).on('end', () => resolve(text)).on('error', reject);
});

test('python3-docker', async () => {
  const child = spawn('/usr/bin/python3', [join(import.meta.dirname, 'clients.py')], { env: { PATH: '/usr/bin:/bin', DOCKER_HOST: `unix://${lab.socket}` } as unknown as NodeJS.ProcessEnv });
  const [out, err] = await Promise.all([collect(child.stdout), collect(child.stderr)]);
  expect(err).toBe('');
  expect(out).toBe('ok\n');
});

describe('dockerode', () => {
  let docker: Docker;
  beforeAll(() => { docker = new Docker({ socketPath: lab.socket }); });

  test('runs, with output as it comes', async () => {
    const out = new PassThrough();
    const text = collect(out);
    const [result, container] = await docker.run('busybox', ['sh', '-c', 'echo hello; exit 4'], out) as [{ StatusCode: number }, Docker.Container];
    out.end();
    expect([await text, result.StatusCode]).toEqual(['hello\r\n', 4]); // it asks for a terminal
    await container.remove();
  });

  test('attaches, execs, follows logs and stats, copies files, and says what is not there', async () => {
    const container = await docker.createContainer({ Image: 'busybox', Cmd: ['cat'], name: 'dode', OpenStdin: true, HostConfig: { Memory: 32 << 20 } });
    const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
    const shown = new PassThrough();
    container.modem.demuxStream(stream, shown, shown);
    let text = '';
    shown.on('data', (chunk: Buffer) => { text += chunk.toString(); });
    await container.start();
    stream.write('typed\n');
    await eventually(() => text, t => t === 'typed\n', 'the echo');
    (stream as unknown as PassThrough).destroy();

    const exec = await container.exec({ Cmd: ['sh', '-c', 'echo out; echo err >&2; exit 6'], AttachStdout: true, AttachStderr: true });
    const [out, err] = [new PassThrough(), new PassThrough()];
    const texts = Promise.all([collect(out), collect(err)]);
    const running = await exec.start({});
    container.modem.demuxStream(running, out, err);
    running.on('end', () => { out.end(); err.end(); });
    expect(await texts).toEqual(['out\n', 'err\n']);
    expect((await exec.inspect()).ExitCode).toBe(6);

    const archive = pack();
    archive.entry({ name: 'file' }, 'content');
    archive.finalize();
    await container.putArchive(archive as unknown as NodeJS.ReadableStream, { path: '/tmp' });
    expect(await collect(await container.getArchive({ path: '/tmp/file' }))).toContain('content');
    expect((await container.stats({ stream: false })).memory_stats.limit).toBe(32 << 20);
    expect((await container.logs({ stdout: true, stderr: true })).toString()).toContain('typed');
    await container.remove({ force: true });
    await expect(container.inspect()).rejects.toMatchObject({ statusCode: 404, reason: 'no such container' });
  });

  test('pulls with its progress followed, and hears of events', async () => {
    const events = await docker.getEvents({ filters: { type: ['container'] } }) as NodeJS.ReadableStream & { destroy(): void };
    let heard = '';
    events.on('data', (chunk: Buffer) => { heard += chunk.toString(); });
    const pull = await docker.pull('busybox:latest');
    const progress = await new Promise<{ status?: string }[]>((resolve, reject) => docker.modem.followProgress(pull, (error, output) => (error ? reject(error) : resolve(output as { status?: string }[]))));
    expect(progress.at(-1)!.status).toMatch(/^Status: /);
    const container = await docker.createContainer({ Image: 'busybox', Cmd: ['true'] });
    await container.remove();
    await eventually(() => heard, text => text.includes('"Action":"destroy"'), 'the event');
    events.destroy();
  });
});

describe('testcontainers', () => {
  beforeAll(() => {
    process.env.DOCKER_HOST = `unix://${lab.socket}`;
    process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
    process.env.TESTCONTAINERS_HOST_OVERRIDE = 'localhost';
  });
  afterAll(() => {
    for (const name of ['DOCKER_HOST', 'TESTCONTAINERS_RYUK_DISABLED', 'TESTCONTAINERS_HOST_OVERRIDE']) delete process.env[name];
  });

  test('starts, waits for a line of the log, runs commands, copies files, stops', async () => {
    const container = await new GenericContainer('busybox')
      .withCommand(['sh', '-c', 'sleep 0.2; echo ready to serve; exec sleep 1000'])
      .withEnvironment({ MODE: 'test' })
      .withCopyContentToContainer([{ content: 'from the test', target: '/etc/given' }])
      .withWaitStrategy(Wait.forLogMessage(/ready to serve/))
      .start();
    expect(await container.exec(['sh', '-c', 'echo $MODE; cat /etc/given'])).toMatchObject({ exitCode: 0, output: 'test\nfrom the test' });
    await container.restart({ timeout: 0 });
    await container.stop({ timeout: 0 });
    expect(await lab.ok('ps -aq --filter label=org.testcontainers')).toBe('');
  });

  test('containers reach each other by name in a network of their own', async () => {
    const network = await new Network().start();
    const server = await new GenericContainer('nginx').withNetwork(network).withNetworkAliases('server').withHealthCheck({ test: ['CMD-SHELL', 'true'], interval: 200 }).withWaitStrategy(Wait.forHealthCheck()).start();
    const client = await new GenericContainer('busybox').withNetwork(network).withCommand(['sleep', '1000']).withWaitStrategy(Wait.forSuccessfulCommand('true')).start();
    await eventually(() => client.exec(['wget', '-qO-', 'http://server']), answer => answer.exitCode === 0 && answer.output.includes('<html'), 'the page');
    await Promise.all([client.stop({ timeout: 0 }), server.stop({ timeout: 0 })]);
    await network.stop();
  });
});
