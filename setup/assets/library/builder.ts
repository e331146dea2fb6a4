// A Slipway of its own for as long as the library is built: broker, engine and one lab, in which the stock docker command builds the Dockerfiles, as
// it would for anybody. Nothing of it is left afterwards, also when set-up is killed: a guard waits for the end of our pipe, and then removes all of it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { controlVerbs, type Lab } from '../../../runtime/lab/control.ts';
import { assetsDir } from '../../../runtime/paths.ts';
import { RpcClient } from '../../../runtime/rpc.ts';
import { plainEnv, run } from '../command.ts';
import { bundle } from '../elf.ts';
import { currentWorkstation } from '../workstation.ts';

const checkout = join(import.meta.dirname, '../../..');
const places = { state: join(assetsDir, 'builder'), run: '/run/slipway-builder' };
const PATIENCE_MS = 60_000;

export type Builder = {
  /** The docker command; `onLine` sees what it says while it works. Answers its output. */
  docker: (args: readonly string[], onLine?: (line: string) => void) => Promise<string>;
  /** What docker save writes of these images, as `read` takes it. */
  save: <T>(images: readonly string[], read: (archive: Readable) => Promise<T>) => Promise<T>;
  release: () => Promise<void>;
};

/** The guard: one at a time, it first removes what another one may have left. `stop --labs` disposes of every lab. */
const GUARD = `
  tidy() { "$NODE" dist/cli.js stop --labs >/dev/null 2>&1; }
  tidy
  "$NODE" dist/supervisor.js --without-web & supervisor=$!
  trap '' INT TERM HUP
  read line
  tidy
  kill -TERM $supervisor 2>/dev/null # when it had not come far enough to be asked
  wait $supervisor
  rm -rf "$SLIPWAY_STATE" "$SLIPWAY_RUN"
`;

export async function openBuilder(): Promise<Builder> {
  const env = {
    ...plainEnv(), NODE: process.execPath, SLIPWAY_APP: checkout, SLIPWAY_ASSETS: assetsDir, SLIPWAY_INSTANCE: 'builder', SLIPWAY_RUN: places.run, SLIPWAY_STATE: places.state,
    SLIPWAY_POOL: '0', SLIPWAY_POOL_MAX: '0', SLIPWAY_RESERVE_MEMORY: '0', SLIPWAY_RESERVE_DISK: '0', SLIPWAY_RESERVE_PIDS: '0',
    SLIPWAY_LAB_MEMORY_BYTES: String(2 * 2 ** 30), SLIPWAY_LAB_DISK_BYTES: String(8 * 2 ** 30), SLIPWAY_LAB_CPUS: '8', SLIPWAY_LAB_PIDS: '1024',
  } as unknown as NodeJS.ProcessEnv;
  await mkdir(assetsDir, { recursive: true });
  // A session of its own: Ctrl-C at the terminal is for set-up, whose end the guard then sees.
  const guard = spawn('flock', [`${places.state}.lock`, 'sh', '-c', GUARD], { cwd: checkout, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = once(guard, 'close');
  const release = async () => {
    guard.stdin.end();
    await ended;
  };
  let said = '';
  try {
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`the builder of images did not start within ${PATIENCE_MS / 1000} s:\n${said}`)), PATIENCE_MS);
      void ended.then(() => reject(new Error(`the builder of images did not start:\n${said}`))).finally(() => clearTimeout(late));
      for (const stream of [guard.stdout, guard.stderr]) stream.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-8192);
        if (text.includes('Slipway is ready')) resolve(clearTimeout(late));
      });
    });
    const lab = await createLab();
    const program = await dockerCommand();
    const dockerEnv = { ...env, DOCKER_HOST: lab.hosts[0]!.dockerHost, DOCKER_CONFIG: join(places.state, 'docker'), DOCKER_CLI_HINTS: 'false' } as NodeJS.ProcessEnv;
    return {
      docker: (args, onLine) => run([program, ...args], { env: dockerEnv, ...(onLine ? { onLine } : {}) }),
      async save(images, read) {
        const child = spawn(program, ['save', ...images], { env: dockerEnv, stdio: ['ignore', 'pipe', 'pipe'] });
        let complaint = '';
        child.stderr.setEncoding('utf8').on('data', (text: string) => { complaint += text; });
        const closed = once(child, 'close') as Promise<[number | null]>;
        try {
          const result = await read(child.stdout);
          child.stdout.resume(); // what follows the archive's end
          if ((await closed)[0] === 0) return result;
        } catch (error) {
          child.kill('SIGKILL');
          await closed;
          if (!complaint) throw error;
        }
        throw new Error(`docker save failed: ${complaint.trim()}`);
      },
      release,
    };
  } catch (error) {
    await release();
    throw error;
  }
}

async function createLab(): Promise<Lab> {
  const engine = new RpcClient(join(places.run, 'engine/engine.sock'), controlVerbs);
  try {
    return await engine.call('createLab', { name: 'library' });
  } finally {
    engine.close();
  }
}

/** The workstation's own command and its plugin, as programs of this machine. */
async function dockerCommand(): Promise<string> {
  const workstation = await currentWorkstation();
  if (!workstation) throw new Error('the workstation has to be built before the image library');
  const to = join(places.state, 'docker');
  await bundle({ from: workstation, to, seenAt: to, programs: ['/usr/bin/docker', '/usr/libexec/docker/cli-plugins/docker-buildx'] });
  await run(['chown', '-R', '0:0', to]);
  await mkdir(join(to, 'cli-plugins'), { recursive: true });
  await symlink('../bin/docker-buildx', join(to, 'cli-plugins/docker-buildx'));
  return join(to, 'bin/docker');
}
