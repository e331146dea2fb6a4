// What the engine does can be seen with the tools of a textbook in the lab's own shell, and done by hand there, as the lab's root: in both
// profiles, except for a user namespace of one's own, which is for lessons with the full one.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ShimConnection } from '../../runtime/kernel/shim.ts';
import { createTestLab, dockerd, eventually, outputOf, type TestLab } from './lab.ts';

const BY_HAND = `
mkdir /mnt/box && mount -t tmpfs tmpfs /mnt/box && cd /mnt/box
docker create --name files busybox >/dev/null; mkdir lower upper work merged; docker export files | tar x -C lower; docker rm files >/dev/null
mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged
G=/sys/fs/cgroup/memory/box; L=memory.limit_in_bytes; [ -d /sys/fs/cgroup/memory ] || { G=/sys/fs/cgroup/box; L=memory.max; }
mkdir $G; echo 33554432 > $G/$L; echo "limit $(cat $G/$L)"
ip netns add box; ip link add outside type veth peer name inside netns box
ip addr add 10.9.0.1/24 dev outside; ip link set outside up; ip -n box addr add 10.9.0.2/24 dev inside; ip -n box link set inside up
cat > inside.sh <<'END'
mount --make-rprivate / && mount --bind merged merged && mkdir -p merged/old merged/proc && cd merged
pivot_root . old && mount -t proc proc /proc && umount -l /old && hostname box
exec sh -c 'echo "pid $$ on $(hostname)"; ls -d /etc/passwd; ls /old | wc -l; ps -o pid,comm | grep "^ *1 "; ping -c1 -W2 10.9.0.1 >/dev/null && echo reached; echo written > /mark'
END
(echo $BASHPID > $G/cgroup.procs; exec ip netns exec box unshare --mount --uts --ipc --pid --fork sh inside.sh)
echo "upper $(cat upper/mark)"
capsh --drop=cap_chown -- -c 'chown nobody inside.sh 2>&1'
unshare --user --map-root-user sh -c 'echo "user $(id -u)"' 2>&1
umount merged; ip netns del box; rmdir $G && echo gone
mkdir -p bundle/rootfs; cp -a lower/. bundle/rootfs; cd bundle; crun spec; sed -i 's/"terminal": true/"terminal": false/; s/"sh"/"echo", "from a bundle"/' config.json; crun run mine
`;

describe.skipIf(dockerd).each(['strict', 'full'] as const)('in a lab of profile %s', profile => {
  let lab: TestLab;
  const shell = async (script: string) => outputOf((await lab.engine.call('exec', { lab: lab.lab!.id, host: 'h1', argv: ['/bin/bash', '-c', script] })).socketPath);
  beforeAll(async () => { lab = await createTestLab(`by-hand-${profile}`, { profile, pull: ['busybox'] }); });
  afterAll(() => lab?.dispose());

  test('a container is built by hand: overlay, cgroup, network, namespaces, pivot_root, capabilities, a bundle', async () => {
    expect((await shell(BY_HAND)).replaceAll('\r', '').trim().split('\n')).toEqual([
      'limit 33554432', 'pid 1 on box', '/etc/passwd', '0', '    1 sh', 'reached', 'upper written',
      'chown: changing ownership of \'inside.sh\': Operation not permitted',
      profile === 'full' ? 'user 0' : 'unshare: unshare failed: Operation not permitted', 'gone', 'from a bundle',
    ]);
  });

  test('namespaces, processes, addresses, capabilities, mounts, cgroups and files show what a textbook says', async () => {
    await lab.ok('run -d --name seen -p 18090:80 busybox sleep 1000');
    const { Id: id, State: { Pid: pid } } = (JSON.parse(await lab.ok('inspect seen')) as { Id: string; State: { Pid: number } }[])[0]!;
    const lsns = await shell('lsns -o TYPE,COMMAND');
    for (const type of ['mnt', 'uts', 'ipc', 'pid', 'net']) expect(lsns).toMatch(new RegExp(`^${type} +sleep 1000`, 'm'));
    expect(await shell('ps -ef --forest')).toMatch(/slipway-shim\r?\n(.*\\_ \S*docker-proxy .*\r?\n){2}.*\\_ sleep 1000/);
    expect(await shell(`nsenter -t ${pid} -n ip -o -4 addr show eth0`)).toContain('172.17.0.2/16');
    expect(await shell(`capsh --decode=$(awk '/CapEff/{print $2}' /proc/${pid}/status)`)).toContain('cap_chown,cap_dac_override');
    expect(await shell('mount | grep merged')).toContain(`/var/lib/docker/overlay2/${id}/merged type overlay`);
    expect(await shell(`cat /sys/fs/cgroup/pids/docker/${id}/cgroup.procs /sys/fs/cgroup/docker/${id}/cgroup.procs 2>/dev/null`)).toContain(String(pid));
    expect(await shell('nft list ruleset 2>&1')).toMatch(profile === 'full' ? /18090/ : /Operation not permitted/);
    for (const field of ['.LogPath', '.HostsPath', '.ResolvConfPath', '.HostnamePath', '.GraphDriver.Data.UpperDir', '.GraphDriver.Data.WorkDir', '.GraphDriver.Data.MergedDir']) {
      expect(await shell(`test -e "$(docker inspect -f '{{${field}}}' seen)" && echo there`), field).toMatch(/^there/);
    }
    expect(await shell('ls -l /etc/mtab; ls -l /dev/core; df /var/lib/docker >/dev/null && echo ok')).toMatch(/mounts[^]*kcore[^]*ok/);
    await lab.ok('rm -f seen');
  });

  test('docker is root\'s and the group docker\'s: Docker\'s steps to manage it as a non-root user', async () => {
    const as = async (user: string, command: string) => (await shell(`su - ${user} -c '${command}'`)).replaceAll('\r', '').trim();
    expect((await shell('stat -Lc "%U %G %a" /var/run/docker.sock')).trim()).toBe('root docker 660');
    expect(await as('learner', 'id -nG; docker run --rm busybox echo started; sudo id -u')).toBe('learner sudo docker\nstarted\n0');
    await shell('useradd --create-home mia');
    expect(await as('mia', 'docker ps')).toContain('permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock');
    expect(await as('learner', 'sudo groupadd docker; sudo usermod -aG docker mia')).toBe('groupadd: group \'docker\' already exists');
    expect(await as('mia', 'echo "id -gn; docker ps -q >/dev/null && echo allowed" | newgrp docker')).toBe('docker\nallowed');
    expect(await lab.ok('run --rm -v /var/run/docker.sock:/var/run/docker.sock busybox stat -c %u:%g:%a /var/run/docker.sock')).toBe('0:900:660');
    expect((await shell('userdel --remove mia 2>/dev/null; id mia 2>&1')).trim()).toContain('no such user');
  });

  test('a container with the docker socket drives its own host', async () => {
    expect(await lab.ok('run --rm -v /:/host busybox chroot /host docker run --rm busybox echo nested')).toBe('nested');
    expect(await lab.ok('run --rm -v /:/host -v /var/run/docker.sock:/host/tmp/other.sock busybox chroot /host curl -s --unix-socket /tmp/other.sock http://docker/_ping')).toBe('OK');
  });
});

describe.skipIf(dockerd)('in a lab whose terminals are the learner\'s', () => {
  let lab: TestLab;
  beforeAll(async () => { lab = await createTestLab('by-hand-learner', { user: 'learner' }); });
  afterAll(() => lab?.dispose());

  test('its shells are those of a user in the groups docker and sudo, at home, also after the lab slept; other commands are root\'s', async () => {
    const at = { lab: lab.lab!.id, host: 'h1' };
    const exec = async (asLearner: boolean) => outputOf((await lab.engine.call('exec', { ...at, argv: ['/bin/bash', '-lc', 'id -un; pwd'], asLearner })).socketPath);
    expect([await exec(true), await exec(false)]).toEqual(['learner\n/home/learner\n', 'root\n/root\n']);
    const says = async (socketPath: string, mark: number) => {
      const shim = await ShimConnection.open(socketPath);
      let screen = '';
      shim.on('output', (_stream, data) => { screen += data.toString(); });
      shim.subscribe({ ring: true });
      shim.stdin(Buffer.from('stat -c %U $(tty); groups; pwd; docker ps -q && awk /CapEff/  /proc/self/status; sudo id -un; echo over-' + `$((${mark}*1))\r`));
      await eventually(() => screen, text => text.includes(`over-${mark}`), 'the end of what was typed');
      shim.close();
      return screen;
    };
    const wanted = (mark: number) => new RegExp(`learner@host1[^]*\rlearner\r\nlearner sudo docker\r\n/home/learner\r\nCapEff:\t0{16}\r\nroot\r\nover-${mark}`);
    expect(await says((await lab.engine.call('openTerminal', { ...at, cols: 80, rows: 24 })).socketPath, 1)).toMatch(wanted(1));
    await lab.engine.call('suspendLab', { lab: at.lab });
    await lab.engine.call('resumeLab', { lab: at.lab });
    expect(await says((await lab.engine.call('listTerminals', { lab: at.lab }))[0]!.socketPath, 2)).toMatch(wanted(2));
  });
});
