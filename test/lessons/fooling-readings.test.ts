// A learner who is root in the lab and works on what is read from outside: swaps files and links while they are read, puts pipes, devices, endless files and
// mounts in the way, calls processes and containers what a check looks for, forges answers. None of it earns a tick, and none of it hurts anybody.
import { afterEach, expect, test } from 'vitest';
import { controlVerbs } from '../../runtime/lab/control.ts';
import { engineSocket } from '../../runtime/paths.ts';
import { RpcClient } from '../../runtime/rpc.ts';
import { newLearner, type Learner } from '../../server/authoring/learner.ts';
import { lessonOf, ticksOf } from './lesson-of.ts';

let learner: Learner;
afterEach(() => learner.leaves());
const begin = async (...given: Parameters<typeof lessonOf>) => { learner = await newLearner(lessonOf(...given)); };
/** Until the lab has been looked at after the last command. */
const looked = async () => { await learner.does(['true']); await new Promise(resolve => setTimeout(resolve, 2_200)); };

test('links, pipes, devices, leases, endless files and files of the kernel: nothing of the machine is read, and nobody hangs', { timeout: 120_000 }, async () => {
  await begin({
    outside: { file: { path: '/root/a', contains: 'root:' } }, // the lab's own /etc/passwd lies elsewhere by then
    magic: { file: { path: '/root/m', contains: 'root:' } },
    kernel: { file: { path: '/root/k', contains: 'Linux' } },
    pipe: { file: { path: '/root/pipe', type: 'file' } },
    device: { file: { path: '/root/zero', type: 'file' } },
    endless: { file: { path: '/root/huge', contains: 'end' } },
    loop: { file: { path: '/root/loop/loop/x' } },
    leased: { file: { path: '/root/leased', contains: 'never' } },
    honest: { file: { path: '/root/honest', contains: 'work' } },
  });
  const { output } = await learner.runs([
    'mv /etc/passwd /etc/p2', 'ln -s ../../../../../../../../../../etc/passwd /root/a', 'ln -s /proc/1/root/etc/p2 /root/m', 'ln -s /proc/version /root/k',
    'mkfifo /root/pipe', 'ln -s /dev/zero /root/zero', 'truncate -s 900G /root/huge', 'ln -s loop /root/loop', 'mount --bind /proc /srv 2>&1', 'ls /srv/version',
    'echo never > /root/leased; (flock 9; sleep 3) 9>> /root/leased > /dev/null 2>&1 & disown',
  ].join('; '));
  expect(output).toBe('/srv/version\n');
  await looked();
  expect(await ticksOf(learner)).toEqual(['leased']); // a file like any other: it really says so
  await learner.does(['echo work > /root/honest']);
  expect((await learner.reaches('honest', state => state.state === 'done')).state).toBe('done');
});

test('a path that becomes a link while it is read leads nowhere but into the lab, for as long as one tries', { timeout: 120_000 }, async () => {
  await begin({ race: { file: { path: '/root/dir/passwd', contains: 'slipway' } } }); // the machine's own has users of that name
  await learner.does(['mkdir -p /root/real; echo mine > /root/real/passwd; (end=$((SECONDS+8)); while [ $SECONDS -lt $end ]; do ln -sfn /root/real /root/dir; ln -sfn ../../../../../../../etc /root/dir; ln -sfn /proc/1/cwd/../../etc /root/dir; done) > /dev/null 2>&1 & disown']);
  const engine = new RpcClient(engineSocket, controlVerbs);
  try {
    const lab = (await engine.call('listLabs', {})).find(one => one.name === 'lesson-checks')!;
    const seen = new Set<string>();
    for (const end = Date.now() + 6_000; Date.now() < end;) {
      const { found } = await engine.call('read', { lab: lab.id, host: lab.hosts[0]!.id, readings: Array.from({ length: 20 }, (_, n) => ({ kind: 'file' as const, path: `/root/dir${'/.'.repeat(n % 3)}/passwd`, maxBytes: 2000 })) });
      for (const one of found) seen.add(one.kind === 'file' ? (one.text!.includes('slipway') ? 'the machine' : 'the lab') : one.kind);
    }
    expect([...seen].filter(what => what !== 'none' && what !== 'unknown')).toEqual(['the lab']);
    expect(await ticksOf(learner)).toEqual([]);
  } finally {
    engine.close();
  }
});

test('processes, labels, names and tags that pretend: the kernel and the engine know better', { timeout: 120_000 }, async () => {
  await begin({
    nginx: { process: { container: { image: 'nginx:1.22' }, program: '/usr/sbin/nginx', first: true } },
    labelled: { container: { image: 'nginx:1.22', state: 'running' } },
    limited: { kernel: { container: { image: 'nginx:1.22' }, memoryBytes: { atMost: 64 * 2 ** 20 } } },
    renamed: { all: [{ event: { action: 'start', name: 'web' } }, { container: { name: 'web', image: 'nginx:1.22', state: 'running' } }] },
    moved: { process: { container: { name: 'web' }, command: 'sleep 4711' } },
    brief: { kernel: { container: { name: 'brief' }, capabilities: { has: ['SYS_ADMIN'] } } },
  });
  await learner.does([
    'docker pull -q busybox',
    'cp /bin/sleep /usr/sbin/nginx; bash -c "exec -a \\"nginx: master process\\" /usr/sbin/nginx 900" > /dev/null 2>&1 & disown',
    'docker run -d --name web -l image=nginx:1.22 busybox sleep 900', // right name, forged label
    'docker run -d --name other busybox sleep 900; docker rename other nginx; docker rename nginx other',
    'mount -t tmpfs none /proc; mkdir /proc/1; echo CapEff: ffffffffffffffff > /proc/1/status; umount /proc',
    'mkdir -p /sys/fs/cgroup/memory/docker/forged 2>/dev/null; true',
    'sleep 4711 > /dev/null 2>&1 & id=$(docker inspect -f "{{.Id}}" web); for procs in $(find /sys/fs/cgroup -path "*/docker/$id/cgroup.procs"); do echo $! > $procs; done; grep -c $id /proc/$!/cgroup', // into web's own cgroups
    'for i in 1 2 3 4 5; do docker create --name brief busybox true; docker start brief; docker rm -f brief; done', // there and gone, without the capability
  ]);
  await looked();
  expect(await ticksOf(learner)).toEqual([]);
});

test('an image under another\'s name: its container is not one of the library\'s', { timeout: 120_000 }, async () => {
  await begin({ config: { all: [{ container: { name: 'web', state: 'running' } }, { imageConfig: { reference: 'nginx:1.22', exposes: ['80/tcp'] } }, { process: { container: { name: 'web' }, program: '/usr/sbin/nginx' } }] } });
  await learner.does(['docker pull -q busybox; docker tag busybox nginx:1.22; docker run -d --name web nginx:1.22 sleep 900']);
  await looked();
  expect(await ticksOf(learner)).toEqual([]);
});

test('a server, a registry and a script that lie, and the socket spoken to by hand', { timeout: 120_000 }, async () => {
  const registry = { container: { image: 'registry:2' }, repository: 'mine/app', tag: 'v1', image: 'busybox' };
  await begin({
    http: { all: [{ container: { name: 'web', image: 'nginx:1.22', state: 'running' } }, { http: { port: 8080, contains: 'Welcome' } }] },
    registry: { all: [{ container: { image: 'registry:2', state: 'running' } }, { registry }] },
    script: { all: [{ container: { name: 'web', image: 'nginx:1.22' } }, { script: { run: 'test -e /root/done' } }] },
    socket: { event: { action: 'start', name: 'never' } },
  });
  await learner.does([
    'docker pull -q busybox; touch /root/done',
    'mkdir -p /srv/v2/mine/app/manifests; echo Welcome > /srv/index.html; echo \'{"schemaVersion":2,"config":{"digest":"sha256:0"}}\' > /srv/v2/mine/app/manifests/v1',
    'docker run -d --name web -p 8080:80 -v /srv:/srv busybox httpd -f -h /srv', // a web server, but not the one that was asked for
    'docker run -d -p 5000:80 -v /srv:/srv --entrypoint httpd registry:2 -f -h /srv 2>&1; docker tag busybox registry:2; docker run -d -p 5001:5000 -v /srv:/srv registry:2 httpd -f -p 5000 -h /srv',
    'curl -s --unix-socket /var/run/docker.sock -X POST "http://d/containers/nothing/start"; curl -s --unix-socket /var/run/docker.sock -X POST -H "Content-Type: application/json" -d "{}" "http://d/v1.45/containers/create?name=never"; curl -s --unix-socket /var/run/docker.sock -X POST "http://d/containers/never/start"; curl -s --unix-socket /var/run/docker.sock "http://d/events?since=0&until=1"; printf "garbage\\r\\n\\r\\n" | timeout 2 curl -s --unix-socket /var/run/docker.sock telnet://d || true',
  ]);
  await looked();
  expect(await ticksOf(learner)).toEqual([]);
});

test('a server that never answers, never ends or redirects out of the lab delays nothing else', { timeout: 120_000 }, async () => {
  const web = { container: { name: 'any' } };
  await begin({
    silent: { all: [web, { http: { port: 8081 } }] }, endless: { all: [web, { http: { port: 8082, contains: 'the end' } }] }, away: { all: [web, { http: { port: 8083, status: 200 } }] },
    file: { file: { path: '/root/honest' } },
  });
  await learner.does([
    'docker run -d --name any busybox sleep 900',
    'for what in "8081 sleep 60" "8082 yes" "8083 printf HTTP/1.1\\\\040302\\\\040Found\\\\r\\\\nLocation:\\\\040http://127.0.0.1:22/\\\\r\\\\n\\\\r\\\\n"; do set -- $what; port=$1; shift; docker run -d -p $port:80 busybox nc -ll -p 80 -e "$@"; done',
  ]);
  await looked();
  const begun = Date.now();
  await learner.does(['touch /root/honest']);
  expect((await learner.reaches('file', state => state.state === 'done')).state).toBe('done');
  expect(Date.now() - begun).toBeLessThan(8_000);
  expect(await ticksOf(learner)).toEqual(['file']);
});
