// User-defined networks: docker network …, several networks per container, names, links, ports; as dockerd 26.1.5 answers.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestLab, type TestLab } from './lab.ts';

let lab: TestLab;
beforeAll(async () => { lab = await createTestLab('networks', { pull: ['busybox'] }); });
afterAll(() => lab?.dispose());

const ERROR = 'Error response from daemon: ';
const RUN_HELP = "See 'docker run --help'.\n";
const words = (line: string) => line.split(' ');
const error = async (line: string | string[]) => (await lab.docker(typeof line === 'string' ? words(line) : line)).stderr.trim();
const inspect = async (name: string, format: string) => JSON.parse(await lab.ok(['inspect', '-f', `{{json ${format}}}`, name])) as any;
const up = (...args: string[]) => lab.ok(['run', '-d', ...args, 'busybox', 'sleep', '1000']);
const sh = (name: string, script: string) => lab.docker(['exec', name, 'sh', '-c', script]);
const addresses = async (name: string) => [...(await lab.ok(`exec ${name} ip -4 addr`)).matchAll(/inet (\S+) (?:brd (\S+) )?scope global (\S+)/g)].map(m => `${m[3]} ${m[1]} ${m[2]}`);

describe('docker network create', () => {
  test('gives the next default pool, and inspect shows it', async () => {
    const id = await lab.ok('network create plain');
    const [network] = JSON.parse(await lab.ok('network inspect plain')) as [Record<string, unknown>];
    const { Created, IPAM, ...rest } = network;
    expect(Created).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect(IPAM).toEqual({ Driver: 'default', Options: {}, Config: [{ Subnet: expect.stringMatching(/^172\.\d+\.0\.0\/16$/), Gateway: expect.stringMatching(/^172\.\d+\.0\.1$/) }] });
    expect(rest).toEqual({ Name: 'plain', Id: id, Scope: 'local', Driver: 'bridge', EnableIPv6: false, Internal: false, Attachable: false, Ingress: false, ConfigFrom: { Network: '' }, ConfigOnly: false, Containers: {}, Options: {}, Labels: {} });
    await lab.ok('network rm plain');
  });

  test('takes subnet, gateway, range, labels and options', async () => {
    await lab.ok('network create --subnet 10.66.0.0/16 --gateway 10.66.0.254 --ip-range 10.66.5.0/24 --label a=b --opt com.docker.network.bridge.name=brx asked');
    const [network] = JSON.parse(await lab.ok('network inspect asked')) as [Record<string, unknown>];
    expect(network).toMatchObject({ IPAM: { Config: [{ Subnet: '10.66.0.0/16', IPRange: '10.66.5.0/24', Gateway: '10.66.0.254' }] }, Options: { 'com.docker.network.bridge.name': 'brx' }, Labels: { a: 'b' } });
    await up('--name', 'ranged', '--network', 'asked');
    expect(await addresses('ranged')).toEqual(['eth0 10.66.5.0/16 10.66.255.255']);
    expect(await lab.ok('exec ranged ip route')).toMatch(/^default via 10\.66\.0\.254 dev eth0/);
    await lab.ok('rm -f ranged');
    await lab.ok('network rm asked');
  });

  test('IPv6 when asked', async () => {
    await lab.ok('network create --ipv6 --subnet fd00:66::/64 six');
    await up('--name', 'sixth', '--network', 'six');
    expect(await inspect('sixth', '.NetworkSettings.Networks.six')).toMatchObject({ GlobalIPv6Address: 'fd00:66::2', GlobalIPv6PrefixLen: 64 });
    expect((await sh('sixth', 'ip -6 addr show eth0; ping -6 -c1 -W2 fd00:66::1')).stdout).toMatch(/fd00:66::2\/64 scope global[^]*1 packets received/);
    await lab.ok('rm -f sixth');
    await lab.ok('network rm six');
  });

  test('an internal one has no way out', async () => {
    await lab.ok('network create --internal inside');
    expect(await lab.ok('run --rm --network inside busybox ip route')).not.toContain('default');
    await lab.ok('network rm inside');
  });

  test.each([
    ['--subnet 172.17.0.0/24 n', `${ERROR}Pool overlaps with other one on this address space`],
    ['--subnet 10.1.1.5/24 n', `${ERROR}invalid network config:\ninvalid subnet 10.1.1.5/24: it should be 10.1.1.0/24`],
    ['--subnet banana n', `${ERROR}invalid network config:\ninvalid subnet banana: invalid CIDR block notation`],
    ['--driver overlay n', `${ERROR}This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.`],
    ['--driver nosuch n', `${ERROR}plugin "nosuch" not found`],
    ['--driver host n', `${ERROR}only one instance of "host" network is allowed`],
    ['--driver null n', `${ERROR}only one instance of "null" network is allowed`],
    ['bridge', `${ERROR}operation is not permitted on predefined bridge network`],
    ['host', `${ERROR}operation is not permitted on predefined host network`],
    ['--ipv6 n', `${ERROR}could not find an available, non-overlapping IPv6 address pool among the defaults to assign to the network`],
  ])('%s is refused', async (args, why) => {
    expect(await error(`network create ${args}`)).toBe(why);
  });

  test('a name only once', async () => {
    await lab.ok('network create once');
    expect(await error('network create once')).toBe(`${ERROR}network with name once already exists`);
    await lab.ok('network rm once');
  });
});

describe('docker network ls, rm, prune', () => {
  test('filters', async () => {
    await lab.ok('network create --label kind=test listed');
    const names = async (...args: string[]) => (await lab.ok(['network', 'ls', '--format', '{{.Name}}', ...args])).split('\n').filter(Boolean);
    expect(await names()).toEqual(['bridge', 'host', 'listed', 'none']);
    expect(await names('--filter', 'type=custom')).toEqual(['listed']);
    expect(await names('--filter', 'driver=bridge')).toEqual(['bridge', 'listed']);
    expect(await names('--filter', 'dangling=true')).toEqual(['listed']);
    expect(await names('--filter', 'label=kind')).toEqual(['listed']);
    expect(await error('network ls --filter foo=a')).toBe(`${ERROR}invalid filter 'foo'`);
  });

  test('one in use stays', async () => {
    await up('--name', 'user', '--network', 'listed');
    const id = await lab.ok(['network', 'inspect', '-f', '{{.Id}}', 'listed']);
    expect(await error('network rm listed')).toBe(`${ERROR}error while removing network: network listed id ${id} has active endpoints`);
    expect(await lab.ok('network prune -f')).toBe('');
    await lab.ok('rm -f user');
    expect(await lab.ok('network prune -f')).toBe('Deleted Networks:\nlisted');
  });

  test('a container of a network that has gone does not start', async () => {
    await lab.ok('network create gone');
    await lab.ok('create --name orphan --network gone busybox true');
    await lab.ok('network rm gone');
    expect(await error('start orphan')).toBe(`${ERROR}network gone not found\nError: failed to start containers: orphan`);
    expect(await inspect('orphan', '.State')).toMatchObject({ Status: 'created', Error: 'network gone not found' });
    await lab.ok('rm orphan');
  });

  test.each([
    ['network rm nope', `${ERROR}network nope not found`], ['network rm bridge', `${ERROR}bridge is a pre-defined network and cannot be removed`],
    ['run --rm --network nope busybox true', `docker: ${ERROR}network nope not found.`],
  ])('%s', async (line, why) => { expect(await error(line)).toBe(why); });
});

describe('containers in networks', () => {
  beforeAll(async () => {
    await lab.ok('network create --subnet 10.70.0.0/24 na');
    await lab.ok('network create --subnet 10.71.0.0/24 nb');
    await lab.ok('network create pool');
    await up('--name', 'one', '--network', 'na', '--network-alias', 'both');
    await up('--name', 'two', '--network', 'na', '--network-alias', 'both', '--hostname', 'second');
    await up('--name', 'other', '--network', 'nb', '--ip', '10.71.0.99', '--mac-address', '02:00:00:00:00:55');
    await up('--name', 'old');
  });
  afterAll(async () => {
    await lab.ok('rm -f one two other old');
    await lab.ok('network rm na nb pool');
  });

  test('have what inspect says', async () => {
    expect(await inspect('one', '.NetworkSettings.Networks')).toMatchObject({ na: { Aliases: ['both'], IPAMConfig: null, Gateway: '10.70.0.1', IPAddress: '10.70.0.2', IPPrefixLen: 24, MacAddress: '02:42:0a:46:00:02', DNSNames: ['one', 'both', expect.stringMatching(/^[0-9a-f]{12}$/)] } });
    expect(await inspect('other', '.NetworkSettings.Networks')).toMatchObject({ nb: { IPAMConfig: { IPv4Address: '10.71.0.99' }, IPAddress: '10.71.0.99', MacAddress: '02:00:00:00:00:55' } });
    expect(await inspect('other', '.Config.MacAddress')).toBe('02:00:00:00:00:55');
    expect((await sh('one', 'cat /etc/hosts | tail -1')).stdout).toBe(`10.70.0.2\t${(await inspect('one', '.Config.Hostname')) as string}\n`);
    expect((await sh('one', 'grep -v ^# /etc/resolv.conf')).stdout.trim()).toBe('nameserver 127.0.0.11\noptions ndots:0');
  });

  test('find each other by name, alias, short id and address, from one network only', async () => {
    const id = await inspect('two', '.Id') as string;
    for (const name of ['two', 'second', id.slice(0, 12), 'two.na']) expect((await sh('one', `ping -c1 -W2 ${name}`)).stdout).toContain('(10.70.0.3)');
    expect((await sh('one', 'nslookup -type=a both')).stdout.match(/Address: 10\.70\.0\.[23]/g)?.sort()).toEqual(['Address: 10.70.0.2', 'Address: 10.70.0.3']);
    expect((await sh('one', 'nslookup 10.70.0.3')).stdout).toMatch(/name = two\.na/);
    for (const name of ['other', 'old', 'example.org']) expect((await sh('one', `nslookup ${name}`)).stdout).toContain('NXDOMAIN');
    expect((await sh('old', 'ping -c1 -W1 one')).stderr).toBe("ping: bad address 'one'\n");
  });

  test('do not reach those of another network', async () => {
    expect((await sh('one', 'ping -c1 -W1 10.71.0.99')).stdout).toContain('100% packet loss');
    expect((await sh('old', 'ping -c1 -W1 10.70.0.2')).stdout).toContain('100% packet loss');
  });

  test('are connected and disconnected while they run', async () => {
    await lab.ok('network connect na old --alias added');
    await lab.ok('network connect nb old --ip 10.71.0.9');
    expect(await addresses('old')).toEqual(['eth0 172.17.0.2/16 172.17.255.255', 'eth1 10.70.0.4/24 10.70.0.255', 'eth2 10.71.0.9/24 10.71.0.255']);
    expect(await lab.ok('exec old ip route')).toMatch(/^default via 172\.17\.0\.1 dev eth0/);
    const host = await inspect('old', '.Config.Hostname') as string;
    expect((await sh('old', 'tail -3 /etc/hosts; grep nameserver /etc/resolv.conf')).stdout).toBe(`172.17.0.2\t${host}\n10.70.0.4\t${host}\n10.71.0.9\t${host}\nnameserver 127.0.0.11\n`);
    expect((await sh('old', 'ping -c1 -W2 one && ping -c1 -W2 other')).code).toBe(0);
    expect((await sh('one', 'ping -c1 -W2 added')).stdout).toContain('(10.70.0.4)');
    expect(await inspect('old', '.NetworkSettings.Networks.na')).toMatchObject({ Aliases: ['added'], IPAMConfig: {}, DNSNames: ['old', 'added', expect.any(String)] });

    await lab.ok('network disconnect bridge old');
    expect(await lab.ok('exec old ip route')).toMatch(/^default via 10\.70\.0\.1 dev eth1/);
    await lab.ok('network disconnect na old');
    expect(await addresses('old')).toEqual(['eth2 10.71.0.9/24 10.71.0.255']);
    expect((await sh('one', 'nslookup added')).stdout).toContain('NXDOMAIN');
    await lab.ok('stop -t 0 old');
    const since = String(Date.now() / 1000);
    await lab.ok('network connect na old');
    await lab.ok('network disconnect na old');
    await lab.ok('network connect na old');
    await lab.ok('start old');
    expect(await addresses('old')).toEqual(['eth0 10.71.0.9/24 10.71.0.255', 'eth1 10.70.0.4/24 10.70.0.255'].sort());
    await lab.ok('network disconnect nb old');
    await lab.ok('network disconnect na old');
    const told = await lab.ok(['events', '--since', since, '--until', String(Date.now() / 1000 + 0.001), '--filter', 'type=network', '--filter', 'event=disconnect', '--format', '{{.Actor.Attributes.name}}']);
    expect(told.split('\n')).toEqual(['na', 'nb', 'nb', 'na', 'na']); // twice of one that runs, as dockerd
    await lab.ok('network connect bridge old');
    expect(await addresses('old')).toEqual(['eth0 172.17.0.2/16 172.17.255.255']);
  });

  test('several networks from the start', async () => {
    await lab.docker(['run', '-d', '--name', 'many', '--network', 'na', '--network', 'nb', 'busybox', 'sleep', '1000'], { client: 28 });
    expect(await addresses('many')).toEqual(['eth0 10.70.0.4/24 10.70.0.255', 'eth1 10.71.0.2/24 10.71.0.255']);
    expect((await sh('many', 'ping -c1 -W2 one && ping -c1 -W2 other')).code).toBe(0);
    await lab.ok('rm -f many');
  });

  test('container:X shares all of it', async () => {
    const shared = await lab.ok(['run', '--rm', '--network', 'container:two', 'busybox', 'sh', '-c', 'hostname; ip -4 addr show eth0 | grep -o 10.70.0.3/24; tail -1 /etc/hosts; ping -c1 one >/dev/null && echo names']);
    expect(shared).toBe('second\n10.70.0.3/24\n10.70.0.3\tsecond\nnames');
  });

  test.each([
    ['network connect na one', `${ERROR}endpoint with name one already exists in network na`],
    ['network connect nope one', `${ERROR}network nope not found`],
    ['network connect na nope', `${ERROR}No such container: nope`],
    ['network connect host one', `${ERROR}container cannot be disconnected from host network or connected to host network`],
    ['network connect none one', `${ERROR}container cannot be connected to multiple networks with one of the networks in private (none) mode`],
    ['network connect --ip 1.2.3.4 pool one', `${ERROR}invalid endpoint settings:\nuser specified IP address is supported only when connecting to networks with user configured subnets`],
    ['network connect --ip 10.71.0.99 nb one', `${ERROR}Address already in use`],
    ['network disconnect -f na nope', `${ERROR}endpoint nope not found`],
    ['network disconnect nope one', `${ERROR}network nope not found`],
    ['run --rm --network na --ip 9.9.9.9 busybox true', `docker: ${ERROR}invalid config for network na: invalid endpoint settings:\nno configured subnet or ip-range contain the IP address 9.9.9.9.\n${RUN_HELP.trim()}`],
    ['run --rm --network pool --ip 9.9.9.9 busybox true', `docker: ${ERROR}invalid config for network pool: invalid endpoint settings:\nuser specified IP address is supported only when connecting to networks with user configured subnets.\n${RUN_HELP.trim()}`],
    ['run --rm --ip 172.17.0.99 busybox true', `docker: ${ERROR}invalid config for network bridge: invalid endpoint settings:\nuser specified IP address is supported on user defined networks only.\n${RUN_HELP.trim()}`],
    ['run --rm --network na --ip 10.70.0.1 busybox true', `docker: ${ERROR}Address already in use.`],
    ['run --rm --network container:one -p 80:80 busybox true', `docker: ${ERROR}conflicting options: port publishing and the container type network mode.\n${RUN_HELP.trim()}`],
    ['run --rm --network container:one --hostname f busybox true', `docker: ${ERROR}conflicting options: hostname and the network mode.\n${RUN_HELP.trim()}`],
    ['run --rm --network container:nope busybox true', `docker: ${ERROR}No such container: nope.`],
  ])('%s', async (line, why) => { expect(await error(line)).toBe(why); });

  test('disconnecting twice', async () => {
    const id = await inspect('other', '.Id') as string;
    expect(await error('network disconnect na other')).toBe(`${ERROR}container ${id} is not connected to network na`);
    await lab.ok('create --name still busybox true');
    expect(await error('network disconnect na still')).toBe(`${ERROR}container ${await inspect('still', '.Id')} is not connected to the network na`);
    await lab.ok('rm still');
  });

  test('a network that is full says so', async () => {
    await lab.ok('network create --subnet 10.77.0.0/30 small');
    await up('--name', 'first', '--network', 'small');
    const id = await lab.ok(['network', 'inspect', '-f', '{{.Id}}', 'small']);
    expect((await lab.docker(words('run --rm --network small busybox true'))).stderr).toBe(`docker: ${ERROR}no available IPv4 addresses on this network's address pools: small (${id}).\n`);
    await lab.ok('rm -f first');
    await lab.ok('network rm small');
  });
});

describe('legacy links', () => {
  beforeAll(async () => { await up('--name', 'db', '--hostname', 'dbhost', '-e', 'FOO=bar', '--expose', '80', '--expose', '90/udp'); });
  afterAll(() => lab.ok('rm -f db'));

  test('are entries in /etc/hosts and variables', async () => {
    const out = await lab.ok(['run', '--rm', '--name', 'web', '--link', 'db:store', 'busybox', 'sh', '-c', 'grep store /etc/hosts; env | grep STORE | sort']);
    expect(out.split('\n')).toEqual([
      '172.17.0.2\tstore dbhost db', 'STORE_ENV_FOO=bar', 'STORE_NAME=/web/store', 'STORE_PORT=tcp://172.17.0.2:80', 'STORE_PORT_80_TCP=tcp://172.17.0.2:80', 'STORE_PORT_80_TCP_ADDR=172.17.0.2', 'STORE_PORT_80_TCP_PORT=80',
      'STORE_PORT_80_TCP_PROTO=tcp', 'STORE_PORT_90_UDP=udp://172.17.0.2:90', 'STORE_PORT_90_UDP_ADDR=172.17.0.2', 'STORE_PORT_90_UDP_PORT=90', 'STORE_PORT_90_UDP_PROTO=udp',
    ]);
  });

  test('need the other to be there', async () => {
    expect(await error('run --rm --link nope busybox true')).toBe(`docker: ${ERROR}could not get container for nope: No such container: nope.\n${RUN_HELP.trim()}`);
    await lab.ok('create --name linked --link db:q busybox true');
    expect(await inspect('linked', '.HostConfig.Links')).toEqual(['/db:/linked/q']);
    await lab.ok('rm linked');
  });
});

describe('published ports', () => {
  test('belong to the network that leads out, move with it, and are reached from all networks', async () => {
    await lab.ok('network create pub');
    await lab.ok('run -d --name server --network pub -p 18711:80 busybox httpd -f -h /etc');
    await up('--name', 'near', '--network', 'pub');
    await up('--name', 'far');
    const name = await inspect('server', '.Config.Hostname') as string;
    const gateway = await lab.ok(['network', 'inspect', '-f', '{{(index .IPAM.Config 0).Gateway}}', 'pub']);
    expect((await sh('near', `wget -T5 -qO- http://${gateway}:18711/hostname`)).stdout.trim()).toBe(name);
    expect((await sh('server', `wget -T5 -qO- http://${gateway}:18711/hostname`)).stdout.trim()).toBe(name);
    if (lab.lab) {
      expect((await sh('far', 'wget -T5 -qO- http://172.17.0.1:18711/hostname')).stdout.trim()).toBe(name);
      expect(await lab.ok('run --rm --network host busybox wget -T5 -qO- http://localhost:18711/hostname')).toBe(name);
    }
    await lab.ok('network disconnect pub server');
    expect(await lab.ok(['ps', '--filter', 'name=server', '--format', '{{.Ports}}'])).toBe('');
    await lab.ok('network connect pub server');
    expect(await lab.ok('port server')).toMatch(/^80\/tcp -> 0\.0\.0\.0:18711/);
    expect((await sh('near', `wget -T5 -qO- http://${gateway}:18711/hostname`)).stdout.trim()).toBe(name);
    expect((await lab.docker(words('run --rm -p 18711:80 busybox true'))).stderr).toMatch(/Bind for 0\.0\.0\.0:18711 failed: port is already allocated\.\n$/);
    await lab.ok('rm -f server near far');
    await lab.ok('network rm pub');
    await lab.ok('run --rm -p 18711:80 busybox true');
  });

  test('ranges, udp, one address, any free port', async () => {
    await lab.ok('run -d --name ranges -p 18800-18802:80-82 -p 18900:53/udp -p 127.0.0.1::90 busybox sleep 1000');
    expect((await lab.ok('port ranges')).split('\n').filter(l => !l.includes('[::]'))).toEqual([
      '53/udp -> 0.0.0.0:18900', '80/tcp -> 0.0.0.0:18800', '81/tcp -> 0.0.0.0:18801', '82/tcp -> 0.0.0.0:18802', expect.stringMatching(/^90\/tcp -> 127\.0\.0\.1:\d+$/),
    ]);
    expect(await error('port ranges 99')).toBe("Error: No public port '99' published for ranges");
    await lab.ok('run --rm -p 18800-18805:80 busybox true');
    await lab.ok('rm -f ranges');
  });
});
