// The smoke test of engine and labs on a pure cgroup v2 kernel: an instance from the built bundles, a lab, the stock docker command in it, limits,
// and nothing left behind. A plain program and no vitest, because every start of a program costs seconds on an emulated machine.
// Builds nothing; run by `npm run test:v2` with SLIPWAY_ASSETS and SLIPWAY_STATE on a real disk.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { controlVerbs } from '../../runtime/lab/control.ts';
import { RpcClient } from '../../runtime/rpc.ts';
import { LimitJudge } from '../../server/lab/limits.ts';

const app = join(import.meta.dirname, '..', '..');
const assets = process.env.SLIPWAY_ASSETS!;
const env = { ...process.env, SLIPWAY_APP: app, SLIPWAY_INSTANCE: 'v2', SLIPWAY_RUN: '/run/slipway-v2' };
Object.assign(process.env, env);
const started = Date.now();
const say = (text: string) => console.log(`[${((Date.now() - started) / 1000).toFixed(0).padStart(4)} s] ${text}`);
let passed = 0;
let failed = 0;

function check(what: string, holds: boolean, found: string) {
  if (holds) passed++;
  else failed++;
  say(`${holds ? '✔' : '✘'} ${what}${holds ? '' : `: found ${JSON.stringify(found)}`}`);
}

function slipway(...args: string[]) {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [join(app, 'dist', 'cli.js'), ...args], { encoding: 'utf8', env });
  if (error) throw error;
  return { code: status, out: stdout.trim(), err: stderr.trim() };
}

/** In the lab, by its own bash. */
const inLab = (lab: string, script: string) => slipway('lab', 'exec', lab, '--', 'bash', '-c', script);

const kind = execFileSync('stat', ['-fc', '%T', '/sys/fs/cgroup'], { encoding: 'utf8' }).trim();
check('the kernel uses pure cgroup v2', kind === 'cgroup2fs', kind);
if (!existsSync(join(assets, 'pool.img'))) {
  say('copying the assets');
  mkdirSync(assets, { recursive: true });
  execFileSync('cp', ['-a', '--sparse=always', ...['pool.img', 'library', 'toolbox', 'stamps'].map(name => join(app, 'dist', 'v2', name)), assets]);
}

const supervisor = spawn(process.execPath, [join(app, 'dist', 'supervisor.js'), '--without-web'], { cwd: app, env, stdio: ['ignore', 'pipe', 'inherit'] });
const ended = new Promise<void>(resolve => supervisor.once('close', () => resolve()));
await new Promise<void>((resolve, reject) => {
  createInterface({ input: supervisor.stdout }).on('line', line => {
    say(line);
    if (line.includes('Slipway is ready')) resolve();
  });
  void ended.then(() => reject(new Error('the instance did not start')));
});

try {
  const created = slipway('lab', 'create', '--json', '--name', 'smoke');
  check('a lab is made', created.code === 0, created.err);
  const { id, dockerHost } = JSON.parse(created.out) as { id: string; dockerHost: string };
  check('its docker socket is there', existsSync(dockerHost.replace('unix://', '')), dockerHost);

  const version = inLab(id, 'docker version --format "{{.Client.Version}} {{.Server.APIVersion}}"');
  check('the stock client and our engine agree', version.code === 0 && / 1\.\d+$/.test(version.out), version.out + version.err);
  const hello = inLab(id, 'docker run --rm busybox echo hello from v2');
  check('a container runs', hello.out === 'hello from v2', hello.out + hello.err);
  const code = inLab(id, 'docker run --rm busybox sh -c "exit 42"');
  check('its exit code comes through', code.code === 42, String(code.code));
  const limit = inLab(id, 'docker run --rm --memory 32m --cpus 0.5 --pids-limit 50 busybox sh -c "cd /sys/fs/cgroup; cat memory.max cpu.max pids.max"');
  check('a container sees its limits', limit.out === '33554432\n50000 100000\n50', limit.out + limit.err);
  const detached = inLab(id, 'docker run -d --name long busybox sleep 1000 >/dev/null && docker exec long echo inside && docker stop -t 1 long && docker ps -a --format "{{.Names}} {{.Status}}"');
  check('detached, exec and stop', /^inside\nlong\nlong Exited \(\d+\)/.test(detached.out), detached.out + detached.err);
  const discarded = inLab(id, 'docker run --rm --memory 32m --memory-swappiness 20 --oom-kill-disable busybox echo ran 2>&1');
  check('what v2 has not is said, and the container runs', /memory swappiness[^]*OomKillDisable discarded[^]*ran/i.test(discarded.out), discarded.out + discarded.err);
  const cpus = inLab(id, 'docker run -d --name half --cpus 0.5 --cpu-shares 512 --memory 64m --pids-limit 20 busybox sleep 1000 >/dev/null; docker exec half cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/pids.max; docker update --cpus 0.25 --memory 96m --memory-swap 96m --pids-limit 30 half; docker exec half cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max; docker rm -f half');
  check('limits of processors and processes hold, and change with update', cpus.out === '50000 100000\n20\nhalf\n25000 100000\n100663296\n30\nhalf', cpus.out + cpus.err);
  const hog = inLab(id, 'docker run --name hog --init --cgroup-parent /mine --memory 16m busybox tail /dev/zero; docker inspect -f "{{.State.OOMKilled}} {{.State.ExitCode}}" hog; docker rm hog; ls -d /sys/fs/cgroup/mine');
  check('who takes too much memory is killed, and inspect says so', hog.out.endsWith('true 137\nhog\n/sys/fs/cgroup/mine'), hog.out + hog.err);
  const own = inLab(id, 'mkdir /sys/fs/cgroup/demo && echo 5 >/sys/fs/cgroup/demo/pids.max && cat /sys/fs/cgroup/demo/pids.max && rmdir /sys/fs/cgroup/demo');
  check('the lab may make groups of its own', own.out === '5', own.out + own.err);
  const many = inLab(id, `perl -e 'mkdir "/sys/fs/cgroup/many"; for (1 .. 2000) { mkdir "/sys/fs/cgroup/many/$_" or do { print "no more"; last } }'; rmdir /sys/fs/cgroup/many/* /sys/fs/cgroup/many`);
  check('but not without end', many.out === 'no more', many.out + many.err);
  const top = readFileSync(join('/sys/fs/cgroup/slipway-v2', id, 'memory.max'), 'utf8').trim();
  const raise = inLab(id, 'echo max >/sys/fs/cgroup/memory.max; echo max >/sys/fs/cgroup/pids.max');
  check('the lab cannot raise its own limits', raise.code !== 0 && top !== 'max' && readFileSync(join('/sys/fs/cgroup/slipway-v2', id, 'memory.max'), 'utf8').trim() === top, raise.out + raise.err);

  const classic = inLab(id, `printf 'FROM busybox\\nRUN echo classic >/word && cat /sys/fs/cgroup/pids.max\\nCMD cat /word\\n' | DOCKER_BUILDKIT=0 docker build -q -t classic - >/dev/null && docker run --rm classic`);
  check('the classic builder builds', classic.out === 'classic', classic.out + classic.err);
  const built = inLab(id, `mkdir /root/context && cd /root/context && echo built >word && printf 'FROM busybox AS one\\nCOPY word /\\nRUN --mount=type=cache,target=/cache tr a-z A-Z </word >/cache/w && cp /cache/w /word\\nFROM busybox\\nCOPY --from=one /word /\\nCMD cat /word\\n' >Dockerfile && docker build --progress=plain -t built . && docker run --rm built`);
  check('BuildKit builds', built.out.endsWith('BUILT') && /\[one 3\/3\] RUN/.test(built.err), built.out + built.err);
  const pushed = inLab(id, 'docker run -d --name registry -p 5000:5000 registry:2 >/dev/null && docker tag built localhost:5000/built && until docker push -q localhost:5000/built 2>/dev/null; do sleep 0.2; done; docker rmi built localhost:5000/built >/dev/null; docker builder prune -af >/dev/null; docker pull -q localhost:5000/built && docker run --rm localhost:5000/built; docker rm -fv registry');
  check("an image goes to a registry of the lab's and back", pushed.out === 'localhost:5000/built:latest\nlocalhost:5000/built:latest\nBUILT\nregistry', pushed.out + pushed.err);

  const engine = new RpcClient(join(env.SLIPWAY_RUN, 'engine', 'engine.sock'), controlVerbs);
  const figures = async () => (await engine.call('figures', { labs: [id] }))[0]!;
  const { cpuNs: awake, diskBytes } = await figures();
  check('its disk is counted', (diskBytes ?? 0) > 0, String(diskBytes));
  inLab(id, 'docker run -d --name limited --memory 32m --cpus 0.5 --pids-limit 50 busybox sleep 1000; echo kept >/root/kept');
  const at = { lab: id, host: 'h1' };
  const running = (await engine.call('evidence', at)).containers.find(container => container.Name === '/limited');
  const { found: [kernel, file] } = await engine.call('read', { ...at, readings: [{ kind: 'kernel', container: String(running?.Id) }, { kind: 'file', path: '/root/kept', maxBytes: 100 }] });
  check('limits are read from outside', kernel?.kind === 'kernel' && kernel.memoryBytes === 33554432 && kernel.cpus === 0.5 && kernel.pids === 50, JSON.stringify(kernel).slice(0, 500));
  check('so are files', file?.kind === 'file' && file.text === 'kept\n', JSON.stringify(file));
  const [rest] = await engine.call('activity', { hosts: [at] });
  check('a lab at rest is seen to be', rest !== null && (await engine.call('activity', { hosts: [at] }))[0] === rest, String(rest));
  inLab(id, 'docker rm -f limited');
  const frozen = await engine.call('freezeLab', { lab: id });
  const events = readFileSync(join('/sys/fs/cgroup/slipway-v2', id, 'h1', 'cgroup.events'), 'utf8');
  check('the lab stands still', frozen.frozen && events.includes('frozen 1'), events);
  const [before, after] = [await figures(), await figures()];
  check('and uses no time', before.cpuNs >= awake && after.cpuNs === before.cpuNs, `${before.cpuNs} ${after.cpuNs}`);
  const thawed = inLab(id, 'echo here');
  check('a command thaws it', thawed.out === 'here', thawed.out + thawed.err);
  const { crash } = await import('../run-instance.ts');
  inLab(id, `docker run -d --name writes busybox sh -c 'i=0; while [ $i -lt 200 ]; do echo $i; i=$((i+1)); usleep 50000; done; exit 7'; docker run -d --restart on-failure --name stays busybox sleep 1000`);
  for (const name of ['engine', 'broker', 'engine']) await crash(name);
  const waited = inLab(id, 'until docker version >/dev/null 2>&1; do sleep 0.2; done; docker wait writes');
  check('a container outlives engine and broker, and its exit code is known', waited.out === '7', waited.out + waited.err);
  const lines = inLab(id, 'docker logs writes').out.split(/\s+/).join();
  check('not a line of it is lost', lines === Array.from({ length: 200 }, (_, n) => n).join(), lines);
  await engine.call('suspendLab', { lab: id });
  check('a suspended lab has no process', !existsSync(join('/sys/fs/cgroup/slipway-v2', id)), id);
  await engine.call('resumeLab', { lab: id });
  const again = inLab(id, 'cat /root/kept; until [ "$(docker inspect -f "{{.State.Running}}" stays)" = true ]; do sleep 0.2; done; docker rm -f stays writes');
  check('opened again, it has its files, and a policy starts its container', /^kept\s/.test(again.out) && again.code === 0, again.out + again.err);
  const hidden = inLab(id, `perl -e 'chdir "/sys/fs/cgroup"; for (1 .. 20) { my $d = "x" x 250; mkdir $d; chdir $d or die } my $p = fork; exec "sleep", "1000" unless $p; open(my $f, ">", "cgroup.procs"); print $f $p; close $f or die; open($f, ">", "cgroup.freeze"); print $f 1; print "hidden"' 2>&1`);
  check('a process hides in groups deeper than any path, frozen', hidden.out === 'hidden', hidden.out);
  const judge = new LimitJudge();
  const tell = async () => judge.next(await figures(), { diskBytes: Infinity, pids: 512 }, Date.now()).join();
  await tell();
  inLab(id, 'docker run --rm --memory 32m busybox sh -c "head -c 100m /dev/zero | tail >/dev/null"');
  check('a limit of a container is none of the lab', (await tell()) === '', 'told');
  inLab(id, 'head -c 1100m /dev/zero | tail >/dev/null');
  const memory = await tell();
  check('the lab is told that its memory was full', memory === 'memory', memory);
  inLab(id, `perl -e 'for (1..600) { my $p = fork; exit unless defined $p; if (!$p) { sleep 100; exit } }'`);
  const processes = await tell();
  check('the lab is told that it can have no more processes', processes === 'processes', processes);
  engine.close();

  const removed = slipway('lab', 'rm', id);
  check('the lab is removed', removed.code === 0, removed.err);
  check('its cgroup is gone', !existsSync(join('/sys/fs/cgroup/slipway-v2', id)), id);
} catch (error) {
  check('the smoke test runs to its end', false, String(error));
}
supervisor.kill('SIGTERM');
await ended;
const { findLeaks } = await import('../leaks.ts');
const leaks = findLeaks({ loops: readdirSync('/sys/block'), links: readdirSync('/sys/class/net') });
check('nothing is left over', leaks.length === 0, leaks.join('; '));
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
