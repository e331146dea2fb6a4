// The way out of a lab lets through what the operator permits and nothing else. Tried from inside, as root of the lab, against a world in which every
// address answers (internet.ts): what the lab does not reach was stopped by its gate, and the world has seen nothing of it.
import { readFileSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { findCgroups } from '../../runtime/broker/cgroup.ts';
import { GATE_UID_BASE, MAX_LABS } from '../../runtime/ids.ts';
import { linkUp } from '../../runtime/lab/egress.ts';
import { instance } from '../../runtime/paths.ts';
import { createTestLab, outputOf } from '../engine/lab.ts';
import { makeHost, until, type TestHost } from '../kernel/host.ts';
import { type Internet, openInternet, RESOLVER, UPLINK } from './internet.ts';

const NAMES = {
  'allowed.example.org': ['203.0.113.10', '2001:db8:2::10'], 'deep.allowed.example.org': ['203.0.113.11'], 'web.example.org': ['203.0.113.12'], 'www.below.example.org': ['203.0.113.13'], 'below.example.org': ['203.0.113.14'],
  'cdn.example.net': ['203.0.113.15'], 'alias.example.org': ['=cdn.example.net'],
  'loop.example.org': ['127.0.0.1', '::1'], 'private.example.org': ['10.9.9.9', 'fd12::9'], 'metadata.example.org': ['169.254.169.254', 'fd00:ec2::254'], 'own.example.org': [UPLINK.ip, UPLINK.ip6], 'gate.example.org': ['192.0.2.2', 'fd00::2'],
};
const PERMITTED = ['allowed.example.org', 'web.example.org:443', '*.below.example.org:80', 'alias.example.org', 'loop.example.org', 'private.example.org', 'metadata.example.org', 'own.example.org', 'gate.example.org', '203.0.113.64/28:8080', '10.20.0.0/16:443', '10.0.2.0/24', '127.0.0.0/8', '169.254.0.0/16', `${UPLINK.ip}/32`];

let internet: Internet;
let host: TestHost;
/** Says what the server said, and how it ended. */
const TRY = 'try() { timeout 3 bash -c "exec 3<>/dev/tcp/$1/$2 && echo x >&3 && read -t 2 -r line <&3 && echo \\$line" 2>&1 | tail -1; }; ';
const reaches = async (address: string, port = 80) => (await host.sh(`${TRY}try ${address} ${port}`)).stdout.startsWith('hello ');
const open = async (wish: string[], which = host) => {
  const answer = await which.broker.call('setEgress', { ...which.ref, wish });
  if (answer.changed && answer.allow.length) await which.sh('true', { before: [linkUp(answer.ipv6)] });
  return answer.allow;
};

beforeAll(async () => {
  internet = await openInternet(NAMES);
  host = await makeHost({ profile: 'full' });
  internet.permit(PERMITTED);
  await open(['*']);
}, 30_000);
afterAll(async () => {
  await host?.dispose();
  internet?.release();
});

describe('what is permitted is reached', () => {
  test.each([
    ['a name, on any port, by IPv4 and IPv6', 'allowed.example.org', 22], ['a name on its port', 'web.example.org', 443], ['a name below one', 'www.below.example.org', 80],
    ['a name that is another’s alias', 'alias.example.org', 80], ['an address in a block', '203.0.113.70', 8080], ['a private block that the operator has named', '10.20.1.2', 443],
  ])('%s', async (_, name, port) => {
    expect((await host.sh(`${TRY}try ${name} ${port}`)).stdout).toMatch(/^hello /);
  });

  test('by both versions of IP, by UDP also in fragments, and by ping', async () => {
    internet.seen();
    const { stdout } = await host.sh(`getent ahosts allowed.example.org | awk '{print $1}' | sort -u; ${TRY}try 203.0.113.10 80; try 2001:db8:2::10 80; ping -c1 -W2 203.0.113.10 | grep -c ' 0%'; head -c 4000 /dev/zero > /dev/udp/203.0.113.10/5000`);
    expect(stdout).toBe('2001:db8:2::10\n203.0.113.10\nhello 203.0.113.10\nhello 2001:db8:2::10\n1\n');
    await until(() => internet.seen().some(line => /^udp .* 4000$/.test(line)), 'the large datagram has arrived');
  });
});

describe('nothing else is', () => {
  const REFUSED: [string, string, number?][] = [
    ['an address whose name nobody has asked for', '203.0.113.99'], ['another port of a permitted name', '203.0.113.12', 80], ['another port of a permitted block', '203.0.113.70', 80], ['the resolver, past the gate’s own', RESOLVER, 53],
    ['the machine', UPLINK.ip], ['the machine by IPv6', UPLINK.ip6], ['the machine’s loopback, where slirp has it', '192.0.2.2'], ['the gate itself', '10.0.2.2', 22], ['the gate’s resolver on another port', '10.0.2.3', 80],
    ['the gate’s other side', '192.0.2.100'], ['slirp by IPv6', 'fd00::2'], ['the gate by IPv6', 'fd00:0:0:1::2'], ['metadata', '169.254.169.254'], ['metadata by IPv6', 'fd00:ec2::254'],
    ['private networks', '10.0.0.1'], ['private networks', '172.16.0.1'], ['private networks', '192.168.1.1'], ['networks of carriers', '100.64.0.1'], ['private networks by IPv6', 'fd12::1'],
    ['the named private block on another port', '10.20.1.2', 80], ['0.0.0.0/8', '0.1.2.3'], ['class E', '240.0.0.1'], ['IPv4 in IPv6', '64:ff9b::a00:1'], ['6to4', '2002:a00:1::1'], ['Teredo', '2001::1'], ['any other IPv6', '2001:db8:9::9'],
  ];

  test('whatever address is tried, it fails soon and the world has seen nothing', async () => {
    await host.sh('getent ahosts web.example.org');
    internet.seen();
    const started = Date.now();
    const { stdout } = await host.sh(`${TRY}${REFUSED.map(([, address, port = 80]) => `echo "${address} $(try ${address} ${port})" &`).join('\n')}\nwait`);
    expect(Date.now() - started).toBeLessThan(6_000);
    const answers = stdout.trim().split('\n').sort();
    expect(answers).toHaveLength(REFUSED.length);
    expect(answers.filter(line => !/(No route to host|unreachable|refused|Invalid argument|Permission denied)$/.test(line))).toEqual([]);
    expect(internet.seen()).toEqual([]);
  });

  test('a permitted name that answers with an address of the machine’s world opens nothing', async () => {
    const names = ['loop', 'private', 'metadata', 'own', 'gate'].map(name => `${name}.example.org`);
    const addresses = (await host.sh(`for name in ${names.join(' ')}; do getent ahosts $name; done | awk '{print $1}' | sort -u`)).stdout.trim().split('\n');
    expect(addresses).toHaveLength(10);
    internet.seen();
    expect((await host.sh(`${TRY}${addresses.map(address => `try ${address} 80 &`).join(' ')} wait`)).stdout).not.toContain('hello');
    expect(internet.seen()).toEqual([]);
  });

  test('a question for another name is answered at once and never leaves; other servers are not to be had', async () => {
    internet.seen();
    const started = Date.now();
    for (const name of ['evil.example.com', 'aGVsbG8.tunnel.example.com', 'deep.allowed.example.org', 'below.example.org', 'example.org', 'allowed.example.org.evil.net']) expect((await host.sh(`getent ahosts ${name}`)).stdout, name).toBe('');
    expect(Date.now() - started).toBeLessThan(4_000);
    const query = `perl -MSocket -e 'socket(S, AF_INET, SOCK_DGRAM, 0); send(S, pack("n6(C/a)*Cn2", 7, 256, 1, 0, 0, 0, "secret", "example", "com", 0, 1, 1), 0, sockaddr_in(53, inet_aton($ARGV[0])))'`;
    for (const server of [RESOLVER, '203.0.113.10', '8.8.8.8', '192.0.2.3', '10.0.2.3']) await host.sh(`${query} ${server}`);
    expect((await host.sh('getent ahosts allowed.example.org')).stdout).not.toBe('');
    expect([...new Set(internet.seen())].filter(line => line !== 'name allowed.example.org')).toEqual([]);
  });

  test('a packet with another sender, by hand or by an address that the lab gives itself, does not pass', async () => {
    internet.seen();
    const spoof = `perl -MSocket -e 'socket(S, AF_INET, SOCK_RAW, 255) or die; setsockopt(S, 0, 3, 1); for my $from (@ARGV) { my $udp = pack("n4", 4000, 5000, 12, 0) . "spam"; send(S, pack("C2n3C2n", 0x45, 0, 32, 7, 0, 64, 17, 0) . inet_aton($from) . inet_aton("203.0.113.10") . $udp, 0, sockaddr_in(0, inet_aton("203.0.113.10"))) }'`;
    expect((await host.sh(`${spoof} 10.0.2.77 198.51.100.2 203.0.113.99 169.254.169.254 127.0.0.1 10.0.2.2`)).end).toEqual({ kind: 'exited', code: 0 });
    await host.sh(`ip addr add 10.0.2.77/24 dev eth0; ip addr add fd00:0:0:1::77/64 dev eth0 nodad; for a in 10.0.2.77 fd00:0:0:1::77; do timeout 1 perl -MIO::Socket::IP -e 'IO::Socket::IP->new(LocalHost => $ARGV[0], PeerHost => $ARGV[1], PeerPort => 80) and print "through"' $a $([ $a = 10.0.2.77 ] && echo 203.0.113.10 || echo 2001:db8:2::10); done; ip addr del 10.0.2.77/24 dev eth0; ip addr del fd00:0:0:1::77/64 dev eth0`);
    expect(internet.seen()).toEqual([]);
    expect((await host.sh(`${spoof} 10.0.2.15`)).end).toEqual({ kind: 'exited', code: 0 }); // the same by its own address arrives: the others were stopped
    await until(() => internet.seen().some(line => line.endsWith(' 4')), 'the honest packet has arrived');
  });

  test('other routes, another protocol and fragments lead nowhere else', async () => {
    internet.seen();
    await host.sh('ip route add 169.254.0.0/16 via 10.0.2.2; ip route add 198.51.100.0/24 via 10.0.2.3; ip route add 172.16.0.0/12 dev eth0 scope link; ip neigh add 172.16.0.1 lladdr $(ip neigh show 10.0.2.2 | awk \'{print $5}\') dev eth0');
    expect((await host.sh(`${TRY}for a in 169.254.169.254 ${UPLINK.ip} 172.16.0.1; do try $a 80 & done; wait`)).stdout).not.toContain('hello');
    await host.sh(`ping -c1 -W1 -s 4000 203.0.113.99 &  head -c 4000 /dev/zero > /dev/udp/203.0.113.99/5000; perl -MSocket -e 'socket(S, AF_INET, SOCK_RAW, 47) or die; send(S, "gre" x 9, 0, sockaddr_in(0, inet_aton("203.0.113.10")))'`);
    // Only the first fragment has a port in it: one for a permitted port, then one that would write over it.
    await host.sh(`perl -MSocket -e 'socket(S, AF_INET, SOCK_RAW, 255) or die; setsockopt(S, 0, 3, 1); for ([0x2000, pack("n4", 4000, 443, 24, 0)], [0, pack("n4", 4000, 5000, 24, 0) . "x" x 16]) { my ($f, $d) = @$_; send(S, pack("C2n3C2n", 0x45, 0, 20 + length $d, 9, $f, 64, 17, 0) . inet_aton("10.0.2.15") . inet_aton("203.0.113.12") . $d, 0, sockaddr_in(0, inet_aton("203.0.113.12"))) }'`);
    expect(internet.seen()).toEqual([]);
  });
});

test('what carries a lab’s egress is nobody on the machine, and ends with the lab’s processes', async () => {
  const one = await makeHost();
  onTestFinished(() => one.dispose());
  await open(['allowed.example.org'], one);
  const hierarchy = findCgroups().hierarchies[0]!.mount;
  const pids = () => { try { return readFileSync(`${hierarchy}/slipway-${instance}/${one.ref.lab}/gate-h1/cgroup.procs`, 'utf8').trim().split('\n'); } catch { return []; } };
  const found = pids().map(pid => ({ pid, status: readFileSync(`/proc/${pid}/status`, 'utf8'), files: readdirSync(`/proc/${pid}/root`).sort().join(' '), user: /^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]! }));
  expect(found.map(({ status }) => /^Name:\t(.*)/m.exec(status)![1]).sort()).toEqual(['dnsmasq', 'slirp4netns']);
  for (const { status, files, user } of found) {
    expect(Number(user)).toBeGreaterThanOrEqual(GATE_UID_BASE);
    expect(Number(user)).toBeLessThan(GATE_UID_BASE + MAX_LABS);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(files).not.toMatch(/\b(home|root|srv|var|sys|old)\b/);
  }
  const [carrier] = found.filter(({ status }) => status.includes('slirp4netns'));
  expect(carrier!.status).toMatch(/^CapBnd:\t0+$/m);
  expect(carrier!.status).toMatch(/^Seccomp:\t2$/m);
  expect((await one.sh('ps ax | grep -c "[s]lirp"; kill -9 -1; true')).stdout).toBe('0\n');
  expect(pids()).toHaveLength(2);
  await one.broker.call('disposeLab', { lab: one.ref.lab });
  expect(pids()).toEqual([]);
});

test('one that is killed is known not to work, and made again; so is a link that the lab has removed', async () => {
  const carrier = () => readFileSync(`${findCgroups().hierarchies[0]!.mount}/slipway-${instance}/${host.ref.lab}/gate-h1/cgroup.procs`, 'utf8').trim().split('\n').find(pid => readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('slirp'))!;
  const works = async () => (await host.broker.call('egress', {})).gates.some(({ lab }) => lab === host.ref.lab);
  for (const breakIt of [async () => void process.kill(Number(carrier()), 'SIGKILL'), () => host.sh('ip link delete eth0')]) {
    await breakIt();
    await until(async () => !(await works()), 'the broker knows');
    await open(['*']);
    expect(await works()).toBe(true);
    expect((await host.sh(`${TRY}try allowed.example.org 80`)).stdout).toMatch(/^hello/);
  }
});

test('a wish gets no further than the operator permits, and what the operator takes back is closed', async () => {
  expect(await open(['evil.example.com', '0.0.0.0/0', '*.example.org', 'web.example.org:22'])).not.toEqual(expect.arrayContaining(['evil.example.com']));
  expect(await reaches('203.0.113.99')).toBe(false);
  internet.permit(['web.example.org']);
  expect(await open(['*'])).toEqual(['web.example.org']);
  expect((await host.sh(`${TRY}try allowed.example.org 80; try web.example.org 80`)).stdout).toMatch(/not known[^\n]*\nhello|hello 203.0.113.12\n$/);
  internet.permit([]);
  expect(await open(['*'])).toEqual([]);
  expect((await host.sh('ip link show eth0')).end).toEqual({ kind: 'exited', code: 1 });
});

test('a lab gets as much as it is given: bits and connections a second', async () => {
  internet.permit(['allowed.example.org'], { bitsPerSecond: 16e6, connectionsPerSecond: 5 });
  await open(['*']);
  const download = Number((await host.sh(`s=$(date +%s%N); exec 3<>/dev/tcp/allowed.example.org/80; echo GET 1500000 >&3; cat <&3 | wc -c >&2; echo $(( ($(date +%s%N) - s) / 1000000 ))`)).stdout);
  const upload = Number((await host.sh(`s=$(date +%s%N); exec 3<>/dev/tcp/allowed.example.org/80; perl -MSocket -e 'open S, "+<&=3"; print S "PUT\\n", "x" x 1500000; close S; shutdown(STDIN, 1)' 3>&3; perl -e 'open my $s, "+<&=3"; shutdown($s, 1); print <$s>' >&2; echo $(( ($(date +%s%N) - s) / 1000000 ))`)).stdout);
  for (const ms of [download, upload]) { // 1.5 MB at 2 MB/s, less what goes in a burst
    expect(ms).toBeGreaterThan(500);
    expect(ms).toBeLessThan(4_000);
  }
  const { stdout } = await host.sh(`${TRY}for i in $(seq 40); do try 203.0.113.10 80 & done; wait`);
  const through = stdout.split('\n').filter(line => line.startsWith('hello')).length;
  expect(through).toBeGreaterThan(4);
  expect(through).toBeLessThan(30);
});

test('switching off cuts what is open, at once', async () => {
  internet.permit(['allowed.example.org']);
  await open(['*']);
  const connection = await host.start({ argv: ['/bin/bash', '-c', 'exec 3<>/dev/tcp/allowed.example.org/443; echo x >&3; cat <&3'] });
  connection.go();
  await until(() => internet.seen().some(line => line.endsWith(' 443')), 'the connection stands');
  await open([]);
  await until(() => internet.seen().some(line => line.startsWith('closed') && line.endsWith(' 443')), 'it is cut');
  const started = Date.now();
  expect((await host.sh(`${TRY}try 203.0.113.10 80; getent hosts allowed.example.org`)).stdout).toMatch(/Network is unreachable/);
  expect(Date.now() - started).toBeLessThan(1_500);
});

test('containers go the same way, names and all; a lab keeps its wish while it sleeps, and is told apart what it asked for in vain', async () => {
  internet.permit(['allowed.example.org']);
  const lab = await createTestLab('egress', { pull: ['debian:bookworm'] });
  onTestFinished(() => lab.dispose());
  const ask = 'exec 3<>/dev/tcp/allowed.example.org/80; echo x >&3; head -1 <&3';
  const run = async (command: string) => outputOf((await lab.engine.call('exec', { lab: lab.lab!.id, host: 'h1', argv: ['/bin/bash', '-c', `exec 2>&1; ${command}`] })).socketPath);
  const figures = async () => (await lab.engine.call('figures', { labs: [lab.lab!.id] }))[0]!;
  const wish = (entries: string[]) => lab.engine.call('setEgress', { lab: lab.lab!.id, wish: entries });
  const before = (await figures()).refused;
  const started = Date.now();
  expect((await lab.docker(['run', '--rm', 'debian:bookworm', 'getent', 'hosts', 'allowed.example.org'])).code).toBe(2);
  expect(Date.now() - started).toBeLessThan(4_500); // a resolver that is told nothing waits for five seconds
  await until(async () => (await figures()).refused > before, 'it is seen from outside that something found no way');

  await lab.ok('network create own');
  await lab.ok('network create --internal inner');
  await lab.ok('run -d --name inside --network inner debian:bookworm sleep 600');
  expect(await wish(['*', 'evil.example.com'])).toEqual({ allow: ['allowed.example.org'] });
  for (const network of ['bridge', 'own']) expect(await lab.ok(['run', '--rm', '--network', network, 'debian:bookworm', 'bash', '-c', ask]), network).toMatch(/^hello /);
  expect((await lab.docker(['exec', 'inside', 'getent', 'hosts', 'allowed.example.org'])).code).toBe(2);
  await lab.engine.call('suspendLab', { lab: lab.lab!.id });
  expect((await lab.engine.call('egress', {})).labs).not.toContain(lab.lab!.id);
  await lab.engine.call('resumeLab', { lab: lab.lab!.id });
  expect(await run(ask)).toMatch(/^hello /);
  await run('getent hosts evil.example.com');
  expect(await figures()).toMatchObject({ refusedNames: ['evil.example.com'], mayReach: ['allowed.example.org'] });
  expect(await wish([])).toEqual({ allow: [] });
}, 60_000);
