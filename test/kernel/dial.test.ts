// Connections from outside into a host's network, through its relay.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dial } from '../../runtime/kernel/dial.ts';
import { makeHost, until, type TestHost } from './host.ts';

let host: TestHost;
beforeAll(async () => {
  host = await makeHost();
  // A server in the lab: answers every connection with what it was sent, after a greeting.
  const server = await host.start({ argv: ['/usr/bin/perl', '-MSocket', '-e', `
    socket(S, PF_INET, SOCK_STREAM, 0); setsockopt(S, SOL_SOCKET, SO_REUSEADDR, 1); bind(S, sockaddr_in(7000, INADDR_ANY)); listen(S, 50); $| = 1; print "ready\\n"; $SIG{CHLD} = "IGNORE";
    while (accept(C, S)) { if (fork) { close C; next } close S; syswrite(C, "hello "); while (sysread(C, my $b, 65536)) { my $o = 0; while ($o < length $b) { $o += syswrite(C, $b, length($b) - $o, $o) } } exit }`] });
  const ready = new Promise<void>(resolve => server.once('output', () => resolve()));
  server.go();
  await ready;
});
afterAll(() => host?.dispose());

async function talk(bytes: Buffer): Promise<Buffer> {
  const socket = await dial(host.broker, host.ref, 'localhost', 7000);
  const parts: Buffer[] = [];
  socket.on('data', part => parts.push(part));
  const ended = new Promise<void>((resolve, reject) => socket.once('end', resolve).once('error', reject));
  socket.end(bytes);
  await ended;
  return Buffer.concat(parts);
}

test('reach a server in the lab, both ways, to the end', async () => {
  expect((await talk(Buffer.from('world'))).toString()).toBe('hello world');
});

test('carry 20 MB unharmed', async () => {
  const sent = Buffer.alloc(20_000_000, 'slipway');
  expect((await talk(sent)).subarray(6).equals(sent)).toBe(true);
});

test('many at once do not mix', async () => {
  const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => talk(Buffer.from(`number ${i}`))));
  expect(answers.map(String)).toEqual(Array.from({ length: 50 }, (_, i) => `hello number ${i}`));
});

test.each([['127.0.0.1', 7001, 'dial tcp 127.0.0.1:7001: connect: connection refused'], ['10.1.2.3', 80, 'dial tcp 10.1.2.3:80: connect: network is unreachable']])('to %s:%i fail in the kernel’s words', async (address, port, message) => {
  await expect(dial(host.broker, host.ref, address, port)).rejects.toMatchObject({ kind: 'Unavailable', message });
});

test.each(['example.org', '127.0.0.1 22\ntcp', '', '127.1'])('to %j are refused, since it is no address', async address => {
  await expect(dial(host.broker, host.ref, address, 80)).rejects.toMatchObject({ kind: 'InvalidParameter' });
});

test('see the lab’s network, not the machine’s: a port that only the machine has is closed', async () => {
  const { createServer } = await import('node:net');
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise(resolve => server.once('listening', resolve));
  await expect(dial(host.broker, host.ref, '127.0.0.1', (server.address() as { port: number }).port)).rejects.toMatchObject({ message: expect.stringContaining('connection refused') });
  server.close();
});

test('go through one process, of the lab’s uid, that the lab cannot see', async () => {
  await talk(Buffer.from('x'));
  const relays = findRelays();
  expect(relays).toHaveLength(1);
  const status = readFileSync(`/proc/${relays[0]}/status`, 'utf8');
  expect(status).toContain(`Uid:\t${host.uidBase}\t${host.uidBase}\t${host.uidBase}`);
  expect(status).toContain('Seccomp:\t2');
  expect((await host.sh('ps -e')).stdout).not.toContain('relay');
});

test('are possible again when the relay has died', async () => {
  const pid = Number(findRelays()[0]);
  process.kill(pid, 'SIGKILL');
  await until(() => comm(String(pid)) !== 'slipway-relay' || readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z'), 'the relay is gone');
  expect((await talk(Buffer.from('again'))).toString()).toBe('hello again');
});

/** Of this host: those of hosts just disposed of may still be going. */
function findRelays(): string[] {
  const net = readlinkSync(`/proc/${host.initPid}/ns/net`);
  return readdirSync('/proc').filter(name => {
    try { return /^\d+$/.test(name) && comm(name) === 'slipway-relay' && readlinkSync(`/proc/${name}/ns/net`) === net; } catch { return false; }
  });
}

function comm(pid: string): string {
  try { return readFileSync(`/proc/${pid}/comm`, 'utf8').trim(); } catch { return ''; }
}
