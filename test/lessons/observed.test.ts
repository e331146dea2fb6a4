// Conditions on what no event tells of, in real labs: each is false before the learner's commands and true after them, whatever a learner's tools say.
import { afterEach, expect, test } from 'vitest';
import { newLearner, type Learner } from '../../server/authoring/learner.ts';
import { lessonOf, ticksOf } from './lesson-of.ts';

let learner: Learner;
afterEach(() => learner.leaves());

/** Each check with what has not been enough, and what is. */
async function tries(cases: Record<string, { check: unknown; before?: string; does: string }>, options: Parameters<typeof lessonOf>[1] = {}) {
  learner = await newLearner(lessonOf(Object.fromEntries(Object.entries(cases).map(([id, { check }]) => [id, check])), options));
  for (const [id, { before, does }] of Object.entries(cases)) {
    if (before !== undefined) {
      const first = await learner.does([before]);
      expect(await ticksOf(learner), `before ${id}\n${first}`).not.toContain(id);
    }
    const output = await learner.does([does]);
    const state = await learner.reaches(id, one => one.state === 'done');
    expect(state, `${does}\n${output}`).toMatchObject({ state: 'done' });
  }
}

test('the kernel\'s own state of a container, from outside', { timeout: 120_000 }, () => tries({
  capability: { check: { kernel: { container: { name: 'net' }, capabilities: { has: ['NET_ADMIN'], lacks: ['CAP_SYS_ADMIN'] } } }, before: 'docker run -d --name net busybox sleep 900', does: 'docker rm -f net; docker run -d --name net --cap-add NET_ADMIN busybox sleep 900' },
  dropped: { check: { kernel: { container: { name: 'bare' }, capabilities: { lacks: ['CHOWN', 'NET_RAW'] } } }, before: 'docker run -d --name bare0 busybox sleep 900', does: 'docker run -d --name bare --cap-drop ALL busybox sleep 900' },
  memory: { check: { kernel: { container: { name: 'small' }, memoryBytes: 64 * 2 ** 20, cpus: { atMost: 0.5 }, pids: 50 } }, before: 'docker run -d --name small -m 64m busybox sleep 900', does: 'docker update --cpus 0.5 --pids-limit 50 small' },
  unlimited: { check: { kernel: { container: { name: 'net' }, memoryBytes: 'none' } }, does: 'true' },
  network: { check: { kernel: { container: { name: 'open' }, shares: { namespaces: ['net'] }, own: ['pid', 'mnt'] } }, before: 'docker run -d --name open1 busybox sleep 900', does: 'docker run -d --name open --network host busybox sleep 900' },
  joined: { check: { kernel: { container: { name: 'guest' }, shares: { namespaces: ['net', 'ipc'], with: { name: 'net' } } } }, does: 'docker run -d --name guest --network container:net --ipc container:net busybox sleep 900 || (docker rm -f guest net; docker run -d --name net --ipc shareable busybox sleep 900; docker run -d --name guest --network container:net --ipc container:net busybox sleep 900)' },
  mounts: { check: { kernel: { container: { name: 'mounts' }, mount: { at: '/scratch', type: 'tmpfs' }, noNewPrivileges: true, user: 1000 } }, does: 'docker run -d --name mounts --tmpfs /scratch --security-opt no-new-privileges -u 1000 busybox sleep 900' },
  readonly: { check: { kernel: { container: { name: 'ro' }, mount: { at: '/data', readOnly: true }, seccomp: 'filter' } }, before: 'docker run -d --name ro -v data:/data busybox sleep 900', does: 'docker rm -f ro; docker run -d --name ro -v data:/data:ro busybox sleep 900' },
  unconfined: { check: { kernel: { container: { name: 'loose' }, seccomp: 'lab' } }, does: 'docker run -d --name loose --security-opt seccomp=unconfined busybox sleep 900' },
}));

test('processes, ports, servers and scripts', { timeout: 120_000 }, () => tries({
  process: { check: { process: { container: { name: 'web' }, program: '/usr/sbin/nginx', command: 'master process', first: true, user: 0 } }, does: 'docker run -d --name web -p 8080:80 nginx:1.22' },
  child: { check: { process: { container: { name: 'web' }, command: 'worker process', parent: 'master process' } }, does: 'true' },
  lab: { check: { process: { command: 'sleep 777' } }, does: 'setsid sleep 777 > /dev/null 2>&1 < /dev/null & disown' },
  listens: { check: { port: { container: { name: 'web' }, listens: 80 } }, does: 'true' },
  published: { check: { port: { published: 8080 } }, does: 'true' },
  http: { check: { all: [{ container: { name: 'web' } }, { http: { port: 8080, status: 200, header: { Server: 'nginx' }, contains: 'changed' } }] }, before: 'docker exec web true', does: 'docker exec web sh -c "echo changed > /usr/share/nginx/html/index.html"' },
  registry: {
    check: { all: [{ container: { name: 'store' } }, { registry: { container: { name: 'store' }, repository: 'team/shop', tag: 'v1', image: 'busybox' } }] },
    before: 'docker run -d --name store -p 5000:5000 registry:2; docker pull -q busybox; docker tag busybox localhost:5000/team/shop:v2; docker tag nginx:1.22 localhost:5000/team/shop:v1; until curl -sf localhost:5000/v2/; do sleep 0.1; done; docker push -q -a localhost:5000/team/shop',
    does: 'docker tag busybox localhost:5000/team/shop:v1; docker push -q localhost:5000/team/shop:v1',
  },
  script: { check: { all: [{ container: { name: 'web' } }, { script: { container: { name: 'web' }, run: 'cat "$ROOT/etc/marker"', contains: 'yes' } }] }, does: 'docker exec web sh -c "echo yes > /etc/marker"' },
}));

test('files of the lab, of containers and of volumes, and Dockerfiles', { timeout: 120_000 }, () => tries({
  text: { check: { file: { path: '/root/notes.txt', type: 'file', line: 'answer = *2', mode: '0640', owner: 0, sizeBytes: { atLeast: 3 } } }, before: 'echo "answer = 42" > /root/notes.txt', does: 'chmod 640 /root/notes.txt' },
  directory: { check: { file: { path: '/srv/site', type: 'directory' } }, before: 'touch /srv/site', does: 'rm /srv/site; mkdir /srv/site' },
  link: { check: { file: { path: '/root/link', type: 'link', contains: 'answer' } }, does: 'ln -s notes.txt /root/link' },
  container: { check: { file: { container: { name: 'box' }, path: '/etc/made', contains: 'here' } }, before: 'docker run -d --name box -v data:/data busybox sleep 900; echo here > /etc/made', does: 'docker exec box sh -c "echo here > /etc/made"' },
  copied: { check: { file: { container: { name: 'box' }, path: '/notes.txt' } }, does: 'docker cp /root/notes.txt box:/notes.txt' },
  volume: { check: { file: { volume: 'data', path: '/kept', contains: 'kept' } }, does: 'docker exec box sh -c "echo kept > /data/kept"' },
  gone: { check: { all: [{ container: { name: 'box' } }, { not: { file: { container: { name: 'box' }, path: '/notes.txt' } } }] }, before: 'true', does: 'docker exec box rm /notes.txt' }, // open only once the file was there
  dockerfile: {
    check: { dockerfile: { path: '/root/app/Dockerfile', stages: 2, has: [{ name: 'COPY', contains: 'package.json', stage: 1 }, { name: 'RUN', contains: 'install' }, { name: 'COPY', flag: 'from', stage: 2 }], lacks: ['ADD'] } },
    before: 'mkdir -p /root/app; printf "FROM a AS b\\nRUN install\\nCOPY package.json .\\nFROM c\\nCOPY --from=b /x /x\\n" > /root/app/Dockerfile',
    does: 'printf "FROM a AS b\\nCOPY package.json .\\nRUN npm \\\\\\n  install\\nFROM c\\nCOPY --from=b /x /x\\n" > /root/app/Dockerfile',
  },
}, { more: { gone: { needs: ['copied'] } } }));

test('volumes, networks, images, layers, history, and time', { timeout: 120_000 }, () => tries({
  volume: { check: { volume: { name: 'kept', labels: { use: 'test' }, usedBy: { name: 'user' } } }, before: 'docker volume create --label use=test kept', does: 'docker run -d --name user -v kept:/kept busybox sleep 900' },
  network: { check: { network: { name: 'back', driver: 'bridge', internal: true, connected: [{ name: 'user' }] } }, before: 'docker network create --internal back', does: 'docker network connect back user' },
  config: { check: { imageConfig: { reference: 'mine', command: ['sleep', '5'], environment: { COLOUR: 'blue' }, user: '1000', exposes: ['80/tcp'], workdir: '/srv' } }, before: 'docker commit user mine', does: 'docker commit -c "CMD [\\"sleep\\",\\"5\\"]" -c "ENV COLOUR=blue" -c "USER 1000" -c "EXPOSE 80" -c "WORKDIR /srv" user mine' },
  layers: { check: { layers: { reference: 'layered', count: { atLeast: 2 }, sharedWith: 'busybox' } }, before: 'docker tag nginx:1.22 layered', does: 'docker exec user touch /more; docker commit user layered' },
  history: { check: { history: { reference: 'built', contains: ['touch /first', 'touch /second'] } }, does: 'mkdir -p /root/b; printf "FROM busybox\\nRUN touch /first\\nRUN touch /second\\n" > /root/b/Dockerfile; DOCKER_BUILDKIT=0 docker build -t built /root/b' },
  record: { check: { record: { container: { name: 'user' }, at: 'HostConfig.Memory', is: 32 * 2 ** 20 } }, before: 'true', does: 'docker update -m 32m --memory-swap 32m user' },
  soon: { check: { within: { seconds: 20, after: { event: { action: 'start', name: 'quick' } }, of: { event: { action: 'die', name: 'quick' } } } }, before: 'docker create --name quick busybox true', does: 'docker start quick' },
  late: { check: { within: { seconds: 1, after: { event: { action: 'start', name: 'slow' } }, of: { event: { action: 'die', name: 'slow' } } } }, before: 'docker run --name slow busybox sleep 2', does: 'docker rm slow; docker run --name slow busybox true' },
}));
