// Routes that make images of what is in the lab: commit and the classic builder. Called by api.ts. Until the first line of output an error is a
// status; after it travels in the stream, as from dockerd.
import { z } from 'zod';
import { StepFailed } from '../build/build-options.ts';
import { build } from '../build/builder.ts';
import { applyChanges } from '../build/configure.ts';
import { openContext, type Context } from '../build/context.ts';
import { parseDockerfile } from '../build/dockerfile.ts';
import { DockerfileError } from '../build/dockerfile-error.ts';
import { commit } from '../container/commit.ts';
import { containerConfigSchema } from '../container/config.ts';
import { mergeConfig } from '../container/merge-config.ts';
import { SlipwayError } from '../errors.ts';
import { parseReference } from '../image/reference.ts';
import { credentialsFor } from '../registry/auth.ts';
import { detectCompression } from './archive.ts';
import type { Call } from './call.ts';
import { parsePlatform, THIS_ARCHITECTURE } from './platform.ts';
import { pullInto } from './pull-from.ts';
import { bool, int, text } from './query.ts';
import { route } from './route.ts';
import { ENGINE_VERSION } from './version.ts';

const made = { dockerVersion: ENGINE_VERSION, architecture: THIS_ARCHITECTURE };

export const buildRoutes = [
  route('POST', '/commit', {
    query: z.object({ container: text, repo: text, tag: text, comment: text, author: text, pause: z.string().optional(), changes: text }),
    body: containerConfigSchema.nullable(),
    bodyMayBeEmpty: true,
    async handle(call, query, body) {
      const { api } = call;
      const container = api.verbs.resolve(api.host, query.container);
      call.about(container);
      const asked = body ?? containerConfigSchema.parse({});
      const config = applyChanges(mergeConfig(asked, { ...container.record.config, ...(container.record.config.Healthcheck ? {} : {}) } as never), changesOf(call, query.changes));
      const { id } = await commit(api.host, api.images, container, {
        repo: query.repo, tag: query.tag, author: query.author, comment: query.comment, pause: query.pause === undefined || !['', '0', 'false', 'no', 'none'].includes(query.pause), ...made,
        config: { ...config, ...kept(container.record.config) },
      });
      return { status: 201, json: { Id: id } };
    },
  }),

  route('POST', '/build', {
    query: z.object({
      t: text, dockerfile: text, remote: text, q: bool, nocache: bool, pull: bool, rm: z.string().optional(), forcerm: bool, buildargs: text, labels: text, target: text, networkmode: text, platform: text, version: text, squash: bool,
      shmsize: int(0), memory: int(0), memswap: int(0), cpushares: int(0), cpuperiod: int(0), cpuquota: int(0), cpusetcpus: text, cpusetmems: text, cgroupparent: text, ulimits: text,
    }),
    async handle(call, query) {
      if (query.version === '2') throw new SlipwayError('NotImplemented', 'BuildKit is spoken here as buildx does: build with buildx, or without DOCKER_BUILDKIT=1');
      if (query.squash) throw new SlipwayError('InvalidParameter', 'squash is only supported with experimental mode');
      if (query.remote) throw new SlipwayError('InvalidParameter', `this lab's builder fetches nothing from a network: ${query.remote} cannot be the context of a build`);
      const tags = call.queryAll('t').filter(tag => tag !== '');
      for (const tag of tags) parseReference(tag);
      const { compression, input } = await detectCompression(call.input());
      const { host } = call.api;
      const name = query.dockerfile || 'Dockerfile';
      const context = await openContext(host, input, { compression, dockerfile: name, signal: call.signal });
      try {
        await buildFrom(call, context, parsed(context.text, name), query, tags);
      } finally {
        context.release().catch(error => { if (!host.closing.signal.aborted) host.onError(error); }); // the client need not wait for it
      }
      return null;
    },
  }),
];

type BuildQuery = LimitsQuery & { nocache: boolean; pull: boolean; rm?: string | undefined; forcerm: boolean; buildargs: string; labels: string; target: string; networkmode: string; q: boolean; platform: string };

async function buildFrom(call: Call, context: Context, { instructions, escape, warnings }: ReturnType<typeof parseDockerfile>, query: BuildQuery, tags: string[]): Promise<void> {
  const { api } = call;
  let out: ReturnType<Call['stream']> | undefined;
  const message = (json: unknown) => (out ??= call.stream('application/json', { reportAtEnd: true })).write(`${JSON.stringify(json)}\r\n`);
  // Quiet: what would have been shown comes only with an error.
  const held: unknown[] = [];
  const show = async (json: unknown) => { if (query.q) held.push(json); else await message(json); };
  try {
    const id = await build(
      { host: api.host, images: api.images, pull: reference => pullInto({ ...api, store: api.images, credentials: credentialsFor(call.header('x-registry-config'), reference.domain), signal: call.signal }, reference, ''), verbs: api.verbs, output: { message: show, text: stream => show({ stream }) }, signal: call.signal, ...made },
      {
        context, instructions, escape, warnings, tags, buildArgs: record(query.buildargs, z.string().nullable()), labels: record(query.labels, z.string()), target: query.target, noCache: query.nocache, pull: query.pull,
        network: query.networkmode, extraHosts: call.queryAll('extrahosts'), limits: limitsOf(query), platform: platformOf(query.platform), keepContainers: query.rm !== undefined && ['', '0', 'false'].includes(query.rm), forceRemove: query.forcerm,
      },
    );
    if (query.q) await message({ stream: `${id}\n` });
  } catch (error) {
    if (call.signal.aborted) return;
    if (!out && held.length === 0) throw unparsed(error);
    for (const json of held) await message(json);
    const text = error instanceof Error ? error.message : String(error);
    call.failed(text);
    await message({ errorDetail: { ...(error instanceof StepFailed ? { code: error.code } : {}), message: text }, error: text });
  }
  out?.end();
}

type LimitsQuery = { shmsize: number; memory: number; memswap: number; cpushares: number; cpuperiod: number; cpuquota: number; cpusetcpus: string; cpusetmems: string; cgroupparent: string; ulimits: string };

/** As for containers: they are checked where those are made. */
function limitsOf(q: LimitsQuery): Record<string, unknown> {
  const given = { ShmSize: q.shmsize, Memory: q.memory, MemorySwap: q.memswap, CpuShares: q.cpushares, CpuPeriod: q.cpuperiod, CpuQuota: q.cpuquota, CpusetCpus: q.cpusetcpus, CpusetMems: q.cpusetmems, CgroupParent: q.cgroupparent };
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== 0 && value !== ''));
  if (q.ulimits === '' || q.ulimits === 'null') return set;
  try {
    return { ...set, Ulimits: z.array(z.object({ Name: z.string(), Soft: z.number(), Hard: z.number() })).parse(JSON.parse(q.ulimits)) };
  } catch (error) {
    throw new SlipwayError('InvalidParameter', 'error reading ulimit settings', { cause: error });
  }
}

function parsed(dockerfile: string, name: string) {
  try {
    return parseDockerfile(dockerfile, name);
  } catch (error) {
    throw unparsed(error);
  }
}

const unparsed = (error: unknown) => (error instanceof DockerfileError && error.syntax ? new SlipwayError(error.kind, `failed to parse Dockerfile: ${error.message}`) : error);

function record<T extends z.ZodType>(json: string, value: T): Record<string, z.output<T>> {
  if (!json) return {};
  try {
    return z.record(z.string(), value).parse(JSON.parse(json) ?? {}) as Record<string, z.output<T>>;
  } catch (error) {
    throw new SlipwayError('InvalidParameter', 'error reading build args', { cause: error });
  }
}

const platformOf = (text: string) => {
  const platform = parsePlatform(text);
  return platform ? `${platform.os}/${platform.architecture}` : '';
};

/** One parameter per change; older clients send them all in one, a line each. */
const changesOf = (call: Call, text: string) => (text === '' ? [] : call.queryAll('changes').flatMap(value => value.split('\n')).filter(line => line.trim() !== ''));

/** What a committed image takes from the container as it was run. */
const kept = (c: { Hostname: string; Domainname: string; AttachStdin: boolean; AttachStdout: boolean; AttachStderr: boolean; Tty: boolean; OpenStdin: boolean; StdinOnce: boolean; Image: string }) => ({
  Hostname: c.Hostname, Domainname: c.Domainname, AttachStdin: c.AttachStdin, AttachStdout: c.AttachStdout, AttachStderr: c.AttachStderr, Tty: c.Tty, OpenStdin: c.OpenStdin, StdinOnce: c.StdinOnce, Image: c.Image,
});
