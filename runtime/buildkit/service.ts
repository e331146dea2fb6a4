// BuildKit's API of one host: the control service and the gateway that buildx builds through, over connections taken from POST /grpc, and clients'
// sessions from POST /session. Opened with the host's Docker API (api/buildkit.ts). What a build does is in solve.ts.
// https://github.com/moby/buildkit/blob/v0.13.2/api/services/control/control.proto
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { CacheMounts } from '../build/run-mounts.ts';
import type { BuildCache } from '../build/build-cache.ts';
import { nowNano } from '../container/time.ts';
import { Contexts } from './context.ts';
import type { Export } from './export.ts';
import { CODES, GrpcError } from './grpc.ts';
import { asGrpcError, serveGrpc, streaming, unary, type GrpcCall, type Method } from './grpc-server.ts';
import {
  DiskUsageRequestSchema, DiskUsageResponseSchema, EmptySchema, GatewaySolveRequestSchema, GatewaySolveResponseSchema, InfoResponseSchema, ListWorkersResponseSchema, PongResponseSchema,
  PruneRequestSchema, ReturnRequestSchema, SolveRequestSchema, SolveResponseSchema, StatusRequestSchema, StatusResponseSchema, UsageRecordSchema, type ReturnRequest, type SolveRequest,
} from './messages_pb.js';
import type { BuildKitParts } from './parts.ts';
import type { Progress } from './progress.ts';
import { createSessions, type Sessions } from './session.ts';
import { Build, type BuildShared } from './solve.ts';
import { prune, usage } from './usage.ts';

/** A lab's builds at one time; each holds memory here. */
const MAX_BUILDS = 8;
const REMEMBERED_MS = 5000;
const CAPABILITIES = ['frontend.caps', 'frontend.inputs', 'gateway.solve.metadata', 'proto.refarray', 'return', 'returnmap', 'solve.base', 'gateway.warnings'];

export interface BuildKit {
  /** Takes the connection over. */
  serve(socket: Socket): void;
  readonly sessions: Sessions;
  readonly shared: BuildShared;
}

/** A build between its first mention and its end: Status, Solve and the gateway's calls come in any order. */
interface Running { build: Build; begun: PromiseWithResolvers<void>; returned: PromiseWithResolvers<ReturnRequest>; solving: boolean; told: boolean; users: number }

export function createBuildKit(parts: BuildKitParts & { cache: BuildCache }): BuildKit {
  const { host, cache } = parts;
  const shared: BuildShared = {
    ...parts, sessions: createSessions(), contexts: new Contexts(host),
    cacheMounts: new CacheMounts(host, (id, directory) => {
      const key = `mount ${id}`;
      if (!cache.find(key)) cache.add({ type: 'exec.cachemount', description: `cached mount ${id}`, keys: [key], layers: [], directory, sizeBytes: 0, parents: [] });
    }),
  };
  const running = new Map<string, Running>();
  const over = new Map<string, Progress>();
  /** Builds whose Solve has failed, with its error: calls that come later must not wait for it to begin. */
  const failed = new Map<string, unknown>();

  /** Whoever speaks of a build holds it; with the last of them it is closed. */
  function hold(ref: string): { found: Running; release: () => Promise<void> } {
    const found = mention(ref);
    found.users++;
    return {
      found,
      async release() {
        if (--found.users > 0) return;
        if (running.get(ref) === found) running.delete(ref);
        await found.build.close();
        if (!found.told) remember(ref, found.build.progress);
      },
    };
  }

  async function held<T>(ref: string, use: (found: Running) => Promise<T>): Promise<T> {
    const { found, release } = hold(ref);
    try {
      return await use(found);
    } finally {
      await release();
    }
  }

  /** For the gateway's calls. */
  function ofBuild<T>(call: GrpcCall, use: (found: Running) => Promise<T>): Promise<T> {
    const ref = refOf(call);
    if (failed.has(ref)) throw failed.get(ref);
    return held(ref, use);
  }

  /** A client may ask how a build goes only when a short one is over. */
  function remember(ref: string, progress: Progress): void {
    over.set(ref, progress);
    setTimeout(() => over.delete(ref), REMEMBERED_MS).unref();
  }

  async function* status(ref: string, call: GrpcCall) {
    const past = over.get(ref);
    if (past) return yield* past.messages(call.signal);
    if (failed.has(ref)) return;
    const { found, release } = hold(ref);
    found.told = true;
    try {
      yield* found.build.progress.messages(call.signal);
    } finally {
      await release();
    }
  }

  function mention(ref: string): Running {
    const known = running.get(ref);
    if (known) return known;
    if (ref === '' || ref.length > 200) throw new GrpcError(CODES.invalidArgument, 'a build needs a ref');
    if (running.size >= MAX_BUILDS) throw new GrpcError(CODES.unavailable, `${MAX_BUILDS} builds run in this lab already: wait until one has ended`);
    const made: Running = { build: new Build(shared, ref), begun: Promise.withResolvers(), returned: Promise.withResolvers(), solving: false, told: false, users: 0 };
    running.set(ref, made);
    return made;
  }

  const methods: Record<string, Method> = {
    '/grpc.health.v1.Health/Check': { async *answer() { yield Uint8Array.of(8, 1); } }, // SERVING
    '/moby.buildkit.v1.Control/Info': unary(EmptySchema, InfoResponseSchema, () => ({ buildkitVersion: version(parts) })),
    '/moby.buildkit.v1.Control/ListWorkers': unary(EmptySchema, ListWorkersResponseSchema, () => ({ record: [worker(parts)] })),
    '/moby.buildkit.v1.Control/Solve': unary(SolveRequestSchema, SolveResponseSchema, (request, call) => held(request.ref, found => solve(found, request, call))),
    '/moby.buildkit.v1.Control/Status': streaming(StatusRequestSchema, StatusResponseSchema, (request, call) => {
      call.header('buildkit-current-timestamp', new Date().toISOString());
      return status(request.ref, call);
    }),
    '/moby.buildkit.v1.Control/DiskUsage': unary(DiskUsageRequestSchema, DiskUsageResponseSchema, async request => ({ record: await usage(shared, request.filter) })),
    '/moby.buildkit.v1.Control/Prune': streaming(PruneRequestSchema, UsageRecordSchema, request => prune(shared, { all: request.all, keepBytes: Number(request.keepBytes), keepMs: Number(request.keepDuration) / 1e6, filters: request.filter })),
    '/moby.buildkit.v1.frontend.LLBBridge/Ping': unary(EmptySchema, PongResponseSchema, () => ({ frontend: CAPABILITIES.map(id => ({ id, enabled: true })), llb: [], workers: [worker(parts)] })),
    '/moby.buildkit.v1.frontend.LLBBridge/Solve': unary(GatewaySolveRequestSchema, GatewaySolveResponseSchema, (request, call) => ofBuild(call, async found => {
      if (request.frontend !== 'dockerfile.v0') throw new GrpcError(CODES.unimplemented, `this engine builds Dockerfiles: ${request.frontend || 'low-level builds'} cannot be solved here`);
      await unlessGone(found, call, found.begun.promise);
      await cancellable(found, call, () => found.build.plan(request.frontendOpt));
      return { result: { result: { case: 'ref' as const, value: { id: 'built' } } } };
    })),
    '/moby.buildkit.v1.frontend.LLBBridge/Return': unary(ReturnRequestSchema, EmptySchema, (request, call) => ofBuild(call, async found => {
      await unlessGone(found, call, found.begun.promise);
      found.returned.resolve(request);
      return {};
    })),
    // Traces of the client's are not collected.
    '/opentelemetry.proto.collector.trace.v1.TraceService/Export': { async *answer() { yield new Uint8Array(); } },
  };

  /** As the classic builder's call is noted. */
  function journal({ frontendAttrs }: SolveRequest, exports: readonly Export[], status: number, message?: string): void {
    const names = exports.flatMap(({ attrs }) => (attrs.name ? [attrs.name] : [])).join(',');
    host.journal.call({ method: 'POST', path: '/build', query: { version: '2', dockerfile: frontendAttrs.filename ?? '', ...(names ? { t: names } : {}) }, status, ...(message === undefined ? {} : { message }), timeNano: Number(nowNano()) });
  }

  /** Until the result is where the client wants it. */
  async function solve(found: Running, request: SolveRequest, call: GrpcCall) {
    if (found.solving) throw new GrpcError(CODES.invalidArgument, `${request.ref} is being built already`);
    found.solving = true;
    const { build } = found;
    const exports: Export[] = request.exporters.length ? request.exporters : request.exporter ? [{ type: request.exporter, attrs: request.exporterAttrs }] : [];
    try {
      build.useSession(request.session, request.entitlements);
      found.begun.resolve();
      if (request.frontend) {
        if (request.frontend !== 'dockerfile.v0') throw new GrpcError(CODES.unimplemented, `this engine builds Dockerfiles: the frontend ${request.frontend} is not here`);
        await cancellable(found, call, () => build.plan(request.frontendAttrs));
      } else {
        const { error } = await unlessGone(found, call, found.returned.promise);
        if (error) throw new GrpcError(error.code, error.message, error.details.map(({ typeUrl, value }) => ({ type: typeUrl, value })));
        if (!build.planned) return {};
      }
      const exporterResponse = await cancellable(found, call, () => build.run(exports));
      journal(request, exports, 200);
      return { exporterResponse };
    } catch (error) {
      failed.set(request.ref, error);
      setTimeout(() => failed.delete(request.ref), REMEMBERED_MS).unref();
      if (!call.signal.aborted) journal(request, exports, 400, asGrpcError(error).message);
      throw error;
    } finally {
      await build.close();
    }
  }

  const room = { held: 0 };
  return { serve: socket => serveGrpc(socket, methods, host.onError, room), sessions: shared.sessions, shared };
}

/** When the client goes, the build ends; the work unwinds before this returns. */
async function cancellable<T>({ build }: Running, call: GrpcCall, work: () => Promise<T>): Promise<T> {
  const cancel = () => build.cancel();
  if (call.signal.aborted) cancel();
  call.signal.addEventListener('abort', cancel, { once: true });
  try {
    return await work();
  } finally {
    call.signal.removeEventListener('abort', cancel);
  }
}

/** What another call of the client's will bring. */
function unlessGone<T>({ build }: Running, call: GrpcCall, awaited: Promise<T>): Promise<T> {
  const gone = Promise.withResolvers<never>();
  const leave = () => {
    build.cancel();
    gone.reject(new GrpcError(CODES.cancelled, 'context canceled'));
  };
  const signal = AbortSignal.any([call.signal, build.signal]);
  if (signal.aborted) leave();
  signal.addEventListener('abort', leave, { once: true });
  return Promise.race([awaited, gone.promise]).finally(() => signal.removeEventListener('abort', leave));
}

const refOf = (call: GrpcCall) => String(call.metadata['buildkit-controlapi-buildid'] ?? '');
const version = ({ version }: BuildKitParts) => ({ package: 'github.com/moby/buildkit', version: `v0.0.0+${version}`, revision: '' });

function worker(parts: BuildKitParts) {
  const hex = createHash('sha256').update(`worker ${parts.host.ref.lab}/${parts.host.ref.host}`).digest('hex');
  return { id: hex.slice(0, 25), labels: {}, platforms: [{ architecture: parts.architecture, os: 'linux', variant: '' }], buildkitVersion: version(parts) };
}
