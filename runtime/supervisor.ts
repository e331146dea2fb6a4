// The supervisor (root): mounts the pool, makes the directories, starts broker, mirror (where there is one), engine and web in that order, restarts whichever dies, and
// stops them in reverse on SIGTERM or SIGINT, labs suspended first. Started by set-up and by tests. Labs and shims are not its children: when it is
// killed they outlive it, and the next start finds them again. It parses nothing that comes from a learner.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { appDir, brokerSocket, engineSocket, instance, mirrorSocket, registryDir, registrySocket, upstreamsFile } from './paths.ts';
import { mountPool } from '../setup/assets/pool.ts';
import { brokerCommand, cellCommand, NODE, serviceEnv, STREAMING } from './supervisor/cell.ts';
import { makeDirs, ownSocket } from './supervisor/dirs.ts';
import { predecessorsGone } from './supervisor/predecessor.ts';
import { Service } from './supervisor/service.ts';
import { listenAddress, readStatus, removeStatus, writeStatus } from './supervisor/status.ts';
import { answersHttp, answersSocket } from './supervisor/ready.ts';
import { ENGINE_USER, MIRROR_USER, REGISTRY_USER, WEB_USER } from './ids.ts';
import { runOnce } from './supervisor/once.ts';

/** Containers have ten seconds each to stop; systemd's own patience (TimeoutStopSec) is longer than this. */
const SUSPEND_MS = 60_000;
const started = Date.now();
const { url, port, host } = listenAddress();
const env = serviceEnv({ PORT: String(port), SLIPWAY_LISTEN: host });
const withWeb = !process.argv.includes('--without-web');

const broker = new Service('broker', brokerCommand('dist/broker.js'), { cwd: appDir, env, changed });
const engine = new Service('engine', cellCommand(ENGINE_USER, [...STREAMING, 'dist/engine.js']), { cwd: appDir, env, changed });
const web = new Service('web', cellCommand(WEB_USER, [...NODE, 'dist/web.js']), { cwd: appDir, env, changed });
const mirror = new Service('mirror', cellCommand(MIRROR_USER, [...STREAMING, 'dist/mirror.js'], MIRROR_USER), { cwd: appDir, env, changed });
const registry = new Service('registry', cellCommand(REGISTRY_USER, [join(registryDir, 'docker-registry'), 'serve', join(registryDir, 'config.yml')], REGISTRY_USER), { cwd: appDir, env: { ...env, REGISTRY_HTTP_NET: 'unix', REGISTRY_HTTP_ADDR: registrySocket }, changed });
/** Made by set-up since there is such a server. */
const withRegistry = existsSync(join(registryDir, 'docker-registry'));
/** Only where the operator lets labs have images from registries outside. */
const withMirror = upstreamsFile !== '';
const services = [broker, engine, ...(withMirror ? [mirror] : []), ...(withRegistry ? [registry] : []), ...(withWeb ? [web] : [])];

// Whoever reads what we print may go: labs go on.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
let stopping: Promise<void> | undefined;
process.on('SIGTERM', () => void (stopping ??= stop(0)));
process.on('SIGINT', () => void (stopping ??= stop(0)));

await start().catch((error: unknown) => {
  if (stopping) return;
  console.error(error instanceof Error ? error.message : String(error));
  return (stopping ??= stop(1));
});

async function start() {
  if (process.getuid?.() !== 0) throw new Error('The supervisor must be started as root.');
  const other = readStatus();
  if (other) throw new Error(`Slipway (instance ${instance}) is already running at ${other.url} (process ${other.pid}).`);
  await predecessorsGone();
  await mountPool();
  makeDirs();
  changed();
  await broker.start(async () => {
    await answersSocket(brokerSocket);
    ownSocket(brokerSocket, ENGINE_USER, 0o600);
  });
  if (withMirror) await mirror.start(async () => {
    await answersSocket(mirrorSocket);
    ownSocket(mirrorSocket, ENGINE_USER, 0o600);
  });
  await Promise.all([
    engine.start(async () => {
      await answersSocket(engineSocket);
      ownSocket(engineSocket, ENGINE_USER, 0o660);
    }),
    withRegistry && registry.start(async () => {
      await answersSocket(registrySocket);
      ownSocket(registrySocket, REGISTRY_USER, 0o666); // what is in it is nobody's secret
    }),
  ]);
  if (withWeb) {
    await runOnce('migrate', cellCommand(WEB_USER, ['node', 'prisma/migrate.ts']), { cwd: appDir, env });
    await web.start(() => answersHttp(`${url}/healthz`));
  }
  if (stopping) return;
  console.log(`\nSlipway is ready: ${url}  (after ${((Date.now() - started) / 1000).toFixed(1)} s; Ctrl-C stops it)\n`);
}

async function stop(exitCode: number) {
  if (withWeb) await web.stop();
  await engine.stop('SIGINT', SUSPEND_MS); // to the engine that means: suspend every lab first
  await Promise.all([mirror.stop(), registry.stop()]);
  await broker.stop();
  if (readStatus()?.pid === process.pid) removeStatus();
  process.exit(exitCode);
}

/** Called whenever a service changes its state. */
function changed() {
  if (!stopping) writeStatus({ url, services: services.map(service => service.view()) });
}
