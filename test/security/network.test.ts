// Rule 7: a lab's network ends in the lab. Tried from inside, as root of the lab, against a server that the machine really runs.
import { createServer, type Server, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeHost, type TestHost } from '../kernel/host.ts';

describe.each(['strict', 'full'] as const)('from a lab with the %s profile', profile => {
  let host: TestHost;
  let tcp: Server;
  let abstract: Server;
  let port = 0;
  let connections = 0;
  const name = `slipway-test-${process.pid}-${profile}`;
  beforeAll(async () => {
    host = await makeHost({ profile });
    const count = () => { connections++; };
    tcp = createServer(count).listen(0, '0.0.0.0');
    abstract = createServer(count).listen(`\0${name}`);
    await Promise.all([tcp, abstract].map(server => new Promise(resolve => server.once('listening', resolve))));
    port = (tcp.address() as { port: number }).port;
  });
  afterAll(async () => {
    tcp?.close();
    abstract?.close();
    await host?.dispose();
  });

  test('there is nothing but loopback to begin with', async () => {
    expect((await host.sh('ip -o link | grep -c .; ip route')).stdout).toBe('1\n');
  });

  test('the machine’s addresses do not answer', async () => {
    const addresses = ['127.0.0.1', ...Object.values(networkInterfaces()).flat().filter(a => a?.family === 'IPv4').map(a => a!.address)];
    for (const address of new Set(addresses)) expect((await host.sh(`timeout 3 bash -c 'exec 3<>/dev/tcp/${address}/${port}'`)).end, address).not.toEqual({ kind: 'exited', code: 0 });
    expect(connections).toBe(0);
  });

  test('the server is really there: the machine itself reaches it', async () => {
    const { createConnection } = await import('node:net');
    await new Promise<void>((resolve, reject) => createConnection(port, '127.0.0.1').on('connect', function (this: Socket) { this.destroy(); resolve(); }).on('error', reject));
    expect(connections).toBe(1);
    connections = 0;
  });

  test('giving itself addresses and routes leads nowhere', async () => {
    await host.sh('ip link add d0 type dummy; ip addr add 10.99.0.2/24 dev d0; ip link set d0 up; ip route add default via 10.99.0.1');
    for (const address of ['169.254.169.254', '10.99.0.1', '1.1.1.1']) expect((await host.sh(`timeout 1 bash -c 'exec 3<>/dev/tcp/${address}/80'`)).end, address).not.toEqual({ kind: 'exited', code: 0 });
    expect(connections).toBe(0);
  });

  test('the same holds for IPv6, and for the addresses that a link has by itself', async () => {
    const addresses = Object.values(networkInterfaces()).flat().filter(a => a?.family === 'IPv6').map(a => a!.address);
    await host.sh('ip link add d6 type dummy; ip -6 addr add fd99::2/64 dev d6 nodad; ip link set d6 up; ip -6 route add default via fd99::1 dev d6');
    for (const address of new Set(['::1', '::ffff:127.0.0.1', 'fd99::1', 'fd00:ec2::254', '2606:4700::1111', 'fe80::1%d6', ...addresses])) expect((await host.sh(`timeout 1 perl -MSocket=:all -e 'my ($e, @r) = getaddrinfo("${address}", "${port}", {socktype => SOCK_STREAM}); exit 2 if $e; socket(S, $r[0]{family}, SOCK_STREAM, 0) or exit 3; exit(connect(S, $r[0]{addr}) ? 0 : 1)'`)).end, address).not.toEqual({ kind: 'exited', code: 0 });
    expect(connections).toBe(0);
  });

  test('frames and packets made by hand go nowhere: a raw socket is refused, or finds links of the lab alone', async () => {
    // A datagram to the machine with a source of the writer's choice, and an ARP question on every link there is.
    const raw = `perl -MSocket -e 'socket(S, AF_INET, SOCK_RAW, 255) or exit 3; my $to = sockaddr_in(0, inet_aton("127.0.0.1")); exit(send(S, "E" . ("\\0" x 39), 0, $to) ? 0 : 4)'`;
    const packet = `perl -e 'exit(syscall(41, 17, 3, 0x0300) < 0 ? 3 : 0)'`;
    for (const script of [raw, packet]) {
      const { end } = await host.sh(script);
      expect(end.kind).toBe('exited');
    }
    expect((await host.sh('for l in /sys/class/net/*; do cat $l/ifindex $l/iflink | uniq | wc -l; done')).stdout.trim().split('\n').every(n => n === '1')).toBe(true); // no link whose other end is elsewhere
    expect(connections).toBe(0);
  });

  test('a link cannot be moved or paired into the machine’s network', async () => {
    for (const script of ['ip link add v0 type veth peer name v1 netns 1', 'ip link add m0 link eth0 type macvlan', 'ip link add v2 type veth && ip link set v2 netns /proc/1/ns/net && ip link show v2 | grep -q v2 && exit 3; exit 0']) await host.sh(script);
    expect(Object.keys(networkInterfaces()).filter(name => /^(v0|v1|v2|m0)$/.test(name))).toEqual([]);
    expect((await host.sh('cat /proc/net/dev')).stdout).not.toMatch(/^ *eth0:/m);
  });

  test('abstract unix sockets of the machine are not there', async () => {
    expect((await host.sh(`perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0) or exit 2; exit(connect(S, pack("Sa*", AF_UNIX, "\\0${name}")) ? 0 : 1)'`)).end).toEqual({ kind: 'exited', code: 1 });
    expect(connections).toBe(0);
  });

  test('no socket of Slipway’s own but the host’s Docker API is in sight', async () => {
    expect((await host.sh('find / -xdev -type s 2>/dev/null; find /run /var/lib/docker/containers /.slipway -type s 2>/dev/null')).stdout.split('\n').filter(path => path && path !== '/run/slipway/docker.sock')).toEqual([]);
  });
});
