// The three kinds of step that change files, as BuildKit has them: RUN, COPY and ADD, WORKDIR. Each looks into the cache first, and makes a layer
// else. Called by solver.ts. Files are touched only inside the lab; a RUN is a container there, with the lab's limits.
import { createBodySchema, type ContainerConfig } from '../container/config.ts';
import type { Container, Host } from '../container/model.ts';
import { diffDir } from '../container/paths.ts';
import type { ContainerVerbs } from '../container/verbs.ts';
import { digestOfBytes } from '../content/digest.ts';
import { SlipwayError } from '../errors.ts';
import type { ImageLayer } from '../image/model.ts';
import { runScript } from '../kernel/stream.ts';
import { layerPath, MAX_LAYERS } from '../snapshot/layer-path.ts';
import { EMPTY_DIFF_ID, layerOfUpper, newScratch, removeScratch } from '../snapshot/layers.ts';
import { script } from '../snapshot/scripts.ts';
import type { BuildCache, CacheRecord } from './build-cache.ts';
import type { CopyArguments } from './copy-arguments.ts';
import { copy, type Found, type Source } from './copy.ts';
import type { Heredoc } from './heredocs.ts';
import type { RunMount } from './mounts.ts';
import { runToEnd } from './run.ts';
import { prepareMounts, type MountParts } from './run-mounts.ts';
import { stepHost } from './step-host.ts';
import { changesOf, MAKE_USERS_DIRECTORY } from './upper.ts';

/** What a step is told to. */
export interface StepReport {
  start(): void;
  cached(): void;
  log(stream: 1 | 2, data: Buffer): void;
}

export interface StepParts {
  host: Host;
  verbs: ContainerVerbs;
  cache: BuildCache;
  signal: AbortSignal;
  noCache: boolean;
  /** Work that goes on after its step: awaited at the build's end. */
  later: Promise<unknown>[];
}

export interface StepOf { name: string; report: StepReport; below: readonly ImageLayer[]; parent: string }

/** A command that did not end well. */
export class ProcessFailed extends SlipwayError {
  readonly exitCode: number;
  constructor(argv: readonly string[], exitCode: number) {
    super('System', `process ${JSON.stringify(argv.join(' '))} did not complete successfully: exit code: ${exitCode}`);
    this.exitCode = exitCode;
  }
}

export interface RunStep {
  argv: readonly string[];
  env: readonly string[];
  /** Not a reason for another result. */
  proxies: readonly string[];
  config: ContainerConfig;
  network: string;
  hostOptions: Record<string, unknown>;
  mounts: readonly RunMount[];
  /** What the mounts show, for the cache. */
  mountKeys: readonly string[];
  scripts: readonly Heredoc[];
}

export async function runStep(parts: StepParts, mountParts: MountParts, of: StepOf, run: RunStep): Promise<CacheRecord> {
  const key = keyOf('run', of.below, [run.argv, run.env, run.config.WorkingDir, run.config.User, run.network, run.hostOptions.ExtraHosts ?? [], run.mounts.map(({ type, target, readOnly, id, size }) => [type, target, readOnly, type === 'cache' ? id : '', size]), run.mountKeys, run.scripts]);
  const known = found(parts, key, of);
  if (known) return known;
  of.report.start();
  const host = stepHost(parts.host, of.below.filter(layer => layer.diffId !== EMPTY_DIFF_ID).map(layer => layer.key));
  const prepared = await prepareMounts(mountParts, run.mounts, run.scripts);
  let container: Container | undefined;
  try {
    parts.signal.throwIfAborted();
    const body = createBodySchema.parse({
      Hostname: 'buildkitsandbox', User: run.config.User, WorkingDir: run.config.WorkingDir || '/', Env: [...run.env, ...run.proxies], Cmd: [...run.argv], Entrypoint: [''], AttachStdout: true, AttachStderr: true,
      HostConfig: { ...run.hostOptions, NetworkMode: run.network || 'default', Mounts: prepared.mounts, Tmpfs: prepared.tmpfs, LogConfig: { Type: 'none' } },
    });
    container = parts.verbs.resolve(host, (await parts.verbs.create(host, { name: null, platform: '', body })).id);
    const code = await runToEnd(host, parts.verbs, container, { say: (stream, data) => of.report.log(stream, data), signal: parts.signal }).catch(notStarted(of, run));
    if (code !== 0) throw new ProcessFailed(run.argv, code);
    const upper = diffDir(container.record.id);
    const targets = [...run.mounts.map(mount => mount.target), ...(run.scripts.length ? ['/dev/pipes'] : [])];
    if (targets.length) await removeMountPoints(parts.host, upper, of.below, targets);
    const layer = await layerOfUpper(parts.host, upper, of.below, { keepEmpty: true, signal: parts.signal });
    return record(parts, of, [key], layer!);
  } finally {
    const gone = container ? parts.verbs.remove(host, container, { force: true, volumes: true }) : Promise.resolve();
    const released = gone.catch(error => parts.host.onError(error)).then(() => prepared.release()).catch(error => parts.host.onError(error));
    if (run.mounts.length || run.scripts.length) await released;
    else parts.later.push(released);
  }
}

/** As BuildKit tells of a command that is not there, or of a user. */
const notStarted = (of: StepOf, { argv }: RunStep) => (error: unknown): number => {
  if (!(error instanceof SlipwayError)) throw error;
  const missing = /unable to start container process: .*$/m.exec(error.message)?.[0].replace(/: unknown$/, '');
  if (missing === undefined) throw new SlipwayError(error.kind, `process ${JSON.stringify(argv.join(' '))} did not complete successfully: ${error.message}`, { cause: error.cause });
  of.report.log(2, Buffer.from(`runc run failed: ${missing}\n`));
  return 1;
};

/** Directories and files that were made to mount over are no change, as with BuildKit. */
async function removeMountPoints(host: Host, upper: string, below: readonly ImageLayer[], targets: readonly string[]): Promise<void> {
  const body = `upper=$1 lower=$2; shift 2
in_lower() { IFS=:; for l in $lower; do [ ! -e "$l$1" ] && [ ! -L "$l$1" ] || return 0; done; return 1; }
for t; do
  while [ -n "$t" ] && ! in_lower "$t"; do
    if [ -d "$upper$t" ] && [ ! -L "$upper$t" ]; then rmdir "$upper$t" 2>/dev/null || break; elif [ -f "$upper$t" ] && [ ! -s "$upper$t" ]; then rm -f "$upper$t"; elif [ -e "$upper$t" ]; then break; fi
    t=\${t%/*}
  done
done`;
  await runScript(host, { argv: script(body, upper, below.map(layer => layerPath(layer.key)).join(':'), ...targets) });
}

export interface CopyStep extends CopyArguments {
  /** Where from, when its content is known only by looking. */
  source: Source;
  /** Says so without looking; empty when it cannot. */
  sourceKey: string;
  find(): Promise<readonly Found[]>;
  isAdd: boolean;
  keepOwners: boolean;
}

export interface InlineDocument { name: string; content: string }

export async function copyStep(parts: StepParts, of: StepOf, step: CopyStep): Promise<CacheRecord> {
  const rest = [step.destination, step.chown, step.chmod, step.isAdd, step.keepOwners];
  const quick = step.sourceKey && keyOf('copy', of.below, [step.sourceKey, step.sources, ...rest]);
  const known = quick ? found(parts, quick, of) : undefined;
  if (known) return known;
  const files = await step.find();
  const key = keyOf('copy', of.below, [files.map(file => [file.kind, file.digest, file.kind === 'file' ? file.name : '']), ...rest]);
  const same = found(parts, key, of);
  if (same) {
    if (quick) parts.cache.alias(same, quick);
    return same;
  }
  of.report.start();
  const layer = await copy(parts.host, of.below, { source: step.source, found: files, destination: step.destination, unpack: step.isAdd, chown: step.chown, chmod: step.chmod, keepOwners: step.keepOwners, asBuildKit: true, keepEmpty: true, signal: parts.signal });
  return record(parts, of, quick ? [key, quick] : [key], layer!);
}

/** COPY <<EOF: the documents become files, written in the lab. */
export async function inlineStep(parts: StepParts, of: StepOf, step: CopyArguments, documents: readonly InlineDocument[]): Promise<CacheRecord> {
  const directory = newScratch('inline');
  let written = false;
  const find = async (): Promise<Found[]> => {
    written = true;
    for (const { name, content } of documents) {
      const { code, stderr } = await runScript(parts.host, { argv: script('mkdir -p "$1" && cat > "$1/$2" && touch -d @0 "$1/$2"', directory, name), input: (async function* data() { yield Buffer.from(content); })() });
      if (code !== 0) throw new SlipwayError('System', stderr.trim() || 'the document could not be written');
    }
    return documents.map(({ name, content }) => ({ kind: 'file', digest: digestOfBytes(content), path: `/${name}`, name }));
  };
  try {
    return await copyStep(parts, of, { ...step, source: { directory }, sourceKey: digestOfBytes(JSON.stringify(documents)), find, isAdd: false, keepOwners: false });
  } finally {
    if (written) await removeScratch(parts.host, directory);
  }
}

export async function workdirStep(parts: StepParts, of: StepOf, path: string, user: string): Promise<CacheRecord> {
  const key = keyOf('workdir', of.below, [path, user]);
  const known = found(parts, key, of);
  if (known) return known;
  of.report.start();
  const layer = await changesOf(parts.host, of.below, { argv: root => script(MAKE_USERS_DIRECTORY, root, path, user), keepEmpty: true, signal: parts.signal });
  return record(parts, of, [key], layer!);
}

const keyOf = (kind: string, below: readonly ImageLayer[], about: readonly unknown[]) => digestOfBytes(JSON.stringify([kind, below.at(-1)?.chainId ?? '', ...about]));

function found(parts: StepParts, key: string, of: StepOf): CacheRecord | undefined {
  const known = parts.noCache ? undefined : parts.cache.find(key);
  if (known) of.report.cached();
  return known;
}

function record(parts: StepParts, of: StepOf, keys: string[], layer: ImageLayer): CacheRecord {
  if (of.below.length >= MAX_LAYERS) throw new SlipwayError('System', 'max depth exceeded');
  const added = parts.cache.add({ type: 'regular', description: of.name, keys, layers: [layer], sizeBytes: layer.sizeBytes, parents: of.parent ? [of.parent] : [] });
  parts.cache.save(); // at once: a layer that nothing names would stay on the disk for good
  return added;
}
