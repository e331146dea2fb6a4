// One build from a client's first word to the image: reads the Dockerfile from the client's session, lets the solver work, tells how far it is,
// and puts the result where the client wants it. Called by service.ts. Whatever it has made or holds is released at its end.
import type { BuildCache } from '../build/build-cache.ts';
import type { CacheMounts } from '../build/run-mounts.ts';
import { Solver } from '../build/solver.ts';
import type { BaseImage, ContextFiles, SolverParts } from '../build/stage-parts.ts';
import { openContext } from '../build/context.ts';
import { asSlipwayError, SlipwayError } from '../errors.ts';
import type { NewImage } from '../image/made.ts';
import { canonicalName, parseReference, withDefaultTag } from '../image/reference.ts';
import type { Contexts, Synced } from './context.ts';
import { newLooks } from './context-tree.ts';
import { buildError, type Place } from './errors.ts';
import { exportImage, type Export } from './export.ts';
import type { GrpcError } from './grpc.ts';
import { baseImage } from './base-image.ts';
import type { BuildKitParts } from './parts.ts';
import { Progress, type Step } from './progress.ts';
import type { Session, Sessions } from './session.ts';
import { ignorePatterns, parseRequest, type BuildRequest } from './request.ts';

const MAX_DOCKERFILE = 1 << 20;

export interface BuildShared extends BuildKitParts { sessions: Sessions; cache: BuildCache; contexts: Contexts; cacheMounts: CacheMounts }

export class Build {
  readonly progress: Progress;
  private readonly shared: BuildShared;
  private readonly ending = new AbortController();
  private readonly releases: (() => Promise<unknown>)[] = [];
  private readonly later: Promise<unknown>[] = [];
  private readonly looks = newLooks();
  private readonly files = new Map<string, Promise<ContextFiles>>();
  private readonly froms = new Map<string, { digest: string; record: string }>();
  private readonly images = new Map<string, Promise<BaseImage>>();
  private readonly places = new WeakMap<object, { lines?: Place; vertex?: string }>();
  private sessionId = '';
  private entitlements: readonly string[] = [];
  private request: BuildRequest | undefined;
  private dockerfile = '';
  private solver: Solver | undefined;
  private definition: Step | undefined;
  private ignored: readonly string[] = [];
  private archive: ContextFiles | undefined;

  constructor(shared: BuildShared, ref: string) {
    this.shared = shared;
    this.progress = new Progress(ref);
  }

  get signal(): AbortSignal { return this.ending.signal; }
  cancel(): void { this.ending.abort(new SlipwayError('Unavailable', 'context canceled')); }
  useSession(id: string, entitlements: readonly string[]): void {
    const refused = entitlements.find(entitlement => entitlement !== 'network.host');
    if (refused !== undefined) throw new SlipwayError('Forbidden', `granting entitlement ${refused} is not allowed by build daemon configuration`);
    this.sessionId = id;
    this.entitlements = entitlements;
  }
  get planned(): boolean { return this.solver !== undefined; }

  /** Reads what is to be built, and finds out what it needs. */
  async plan(attrs: Readonly<Record<string, string>>): Promise<void> {
    await this.located(async () => {
      this.request = parseRequest(attrs);
      await this.loadDefinition(this.request);
      if (/^\s*$/.test(this.dockerfile)) throw new SlipwayError('InvalidParameter', 'the Dockerfile cannot be empty');
      const { target, filename, buildArgs, labels, network, hostOptions, namedContexts } = this.request;
      this.solver = new Solver(this.solverParts(this.request), {
        dockerfile: this.dockerfile, filename, target, buildArgs, labels, network, hostOptions, namedContexts, entitlements: this.entitlements, architecture: this.shared.architecture,
      });
      for (const { text, details, url } of this.solver.warnings) this.definition?.warn(text, details, url);
      await this.solver.plan();
      if (!this.archive) await this.loadIgnored(this.request);
    });
  }

  /** Builds what was planned, and exports it; the answer is for the client. */
  async run(exports: readonly Export[]): Promise<Record<string, string>> {
    return this.located(async () => {
      const image: NewImage = await this.solver!.run();
      await Promise.all(this.later);
      return exportImage(this.shared, { image, exports, progress: this.progress, session: () => this.session(), signal: this.signal });
    });
  }

  /** Releases everything. Idempotent; nothing of it throws. */
  async close(): Promise<void> {
    this.cancel();
    await Promise.allSettled(this.later);
    for (const release of this.releases.reverse().splice(0)) await release().catch(error => { if (!this.shared.host.closing.signal.aborted) this.shared.host.onError(error); });
    this.shared.cache.save();
    this.progress.close();
  }

  private session(): Promise<Session> { return this.shared.sessions.get(this.sessionId, this.signal); }

  private async loadDefinition({ filename, context }: BuildRequest): Promise<void> {
    if (context !== '') return this.loadArchive(context, filename);
    const step = this.progress.step(`[internal] load build definition from ${filename.split('/').at(-1)}`);
    this.definition = step;
    await this.during(step, async () => {
      const session = await this.session();
      const status = step.status('transferring dockerfile:', 'transferring');
      let received = 0;
      const found = await this.shared.contexts.read(session, 'dockerfile', [filename, `${filename}.dockerignore`, ...(filename === 'Dockerfile' ? ['dockerfile'] : [])], MAX_DOCKERFILE, { signal: this.signal, onReceived: bytes => { received = bytes; status.progress(bytes); } });
      status.done(received);
      const text = found.get(filename) ?? found.get('dockerfile');
      if (!text) throw new SlipwayError('NotFound', `failed to read dockerfile: open ${filename}: no such file or directory`);
      this.dockerfile = text.toString('utf8');
      const own = found.get(`${filename}.dockerignore`);
      if (own) this.ignored = ignorePatterns(own.toString('utf8'));
    }, false);
  }

  /** An archive on the client's standard input: a context, with its Dockerfile in it. */
  private async loadArchive(context: string, filename: string): Promise<void> {
    const path = /^http:\/\/buildkit-session(\/.*)$/.exec(context)?.[1];
    if (path === undefined) throw new SlipwayError('InvalidParameter', `this lab's builder fetches nothing from a network: ${context} cannot be the context of a build`);
    const step = this.progress.step('[internal] load remote build context');
    await this.during(step, async () => {
      const session = await this.session();
      const { compression, input } = await this.shared.detectCompression(session.upload(path, this.signal));
      const archive = await openContext(this.shared.host, input, { compression, dockerfile: filename, signal: this.signal });
      this.releases.push(() => archive.release());
      this.archive = { directory: await archive.directory(), find: patterns => archive.find(patterns) };
      this.dockerfile = archive.text;
    });
  }

  private async loadIgnored(_request: BuildRequest): Promise<void> {
    if (this.ignored.length) return;
    const step = this.progress.step('[internal] load .dockerignore');
    await this.during(step, async () => {
      const status = step.status('transferring context:', 'transferring');
      let received = 0;
      const found = await this.shared.contexts.read(await this.session(), 'context', ['.dockerignore'], MAX_DOCKERFILE, { signal: this.signal, onReceived: bytes => { received = bytes; } });
      status.done(received);
      this.ignored = ignorePatterns(found.get('.dockerignore')?.toString('utf8') ?? '');
    });
  }

  private solverParts(request: BuildRequest): SolverParts {
    const { host, verbs, cache, cacheMounts } = this.shared;
    return {
      host, verbs, cache, cacheMounts, signal: this.signal, noCache: request.noCache, later: this.later,
      image: (name, platform) => this.image(name, platform || request.platform),
      from: (image, label) => this.from(image, label),
      files: context => this.contextFiles(context),
      secret: async id => (await this.session()).secret(id, this.signal),
      step: (name, inputs) => this.progress.step(name, inputs),
      inlined: () => {
        const step = this.progress.step('[internal] preparing inline document');
        step.start();
        step.end();
      },
      abort: () => this.cancel(),
      failedAt: (error, lines, vertex) => {
        if (typeof error !== 'object' || error === null) return;
        const known = this.places.get(error) ?? {};
        this.places.set(error, { ...(lines.start ? { lines: known.lines ?? lines } : known.lines ? { lines: known.lines } : {}), ...(known.vertex ?? vertex ? { vertex: known.vertex ?? vertex } : {}) });
      },
    };
  }

  /** An image's metadata, once for each name. */
  private image(name: string, platform: string): Promise<BaseImage> {
    const canonical = canonicalName(withDefaultTag(parseReference(name)));
    let image = this.images.get(canonical);
    if (!image) {
      const step = this.progress.step(`[internal] load metadata for ${canonical}`);
      image = this.during<BaseImage>(step, () => baseImage(this.shared, { name: canonical, platform, pull: this.request!.pull, session: () => this.session(), step, signal: this.signal }))
        .catch((error: unknown): never => {
          const failed = new SlipwayError(asSlipwayError(error).kind, `${name}: failed to resolve source metadata for ${canonical}: ${asSlipwayError(error).message}`, { cause: (error as Error).cause });
          const place = this.places.get(error as object);
          if (place) this.places.set(failed, place);
          throw failed;
        });
      this.images.set(canonical, image);
    }
    return image;
  }

  private from(image: BaseImage, label: string): { digest: string; record: string } {
    const known = this.froms.get(image.name);
    if (known) return known;
    const { cache } = this.shared;
    const key = `from ${image.layers.at(-1)?.chainId ?? 'scratch'}`;
    const before = cache.find(key);
    const record = before ?? cache.add({ type: 'regular', description: `pulled from ${image.name}`, keys: [key], layers: [...image.layers], sizeBytes: image.layers.reduce((sum, layer) => sum + layer.sizeBytes, 0), parents: [] });
    const step = this.progress.step(label);
    step.start();
    if (before) step.cached();
    else step.end();
    const found = { digest: step.digest, record: record.id };
    this.froms.set(image.name, found);
    return found;
  }

  /** Transferred when the first step wants it. */
  private contextFiles(context: string): Promise<ContextFiles> {
    let files = this.files.get(context);
    if (!files) {
      files = context === 'context' && this.archive ? Promise.resolve(this.archive) : this.transfer(context);
      this.files.set(context, files);
    }
    return files;
  }

  private async transfer(context: string): Promise<ContextFiles> {
    const step = this.progress.step(context === 'context' ? '[internal] load build context' : `[context ${context}] load from client`);
    return this.during(step, async () => {
      const status = step.status(context === 'context' ? 'transferring context:' : `transferring ${context}:`, 'transferring');
      const follow = context === 'context' ? this.solver!.contextPaths() ?? [] : [];
      let received = 0;
      const synced: Synced = await this.shared.contexts.sync(await this.session(), { name: context, follow, exclude: context === 'context' ? this.ignored : [] }, {
        signal: this.signal, looks: this.looks, onReceived: bytes => { received = bytes; status.progress(bytes); },
      });
      this.releases.push(() => synced.release());
      status.done(received);
      return synced;
    });
  }

  /** `told`: the step shows the error as its own; a missing Dockerfile is not. */
  private async during<T>(step: Step, work: () => Promise<T>, told = true): Promise<T> {
    step.start();
    try {
      const result = await work();
      step.end();
      return result;
    } catch (error) {
      step.end(told ? asSlipwayError(error).message : undefined);
      if (told && typeof error === 'object' && error !== null && !this.places.get(error)?.vertex) this.places.set(error, { ...this.places.get(error), vertex: step.digest });
      throw error;
    }
  }

  private async located<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.clientError(error);
    }
  }

  private clientError(error: unknown): GrpcError {
    const slipway = asSlipwayError(error);
    if (slipway.kind === 'System' && slipway.cause !== undefined && !this.signal.aborted) this.shared.host.onError(error);
    const place = typeof error === 'object' && error !== null ? this.places.get(error) : undefined;
    const lines = place?.lines ?? ('lines' in slipway ? slipway.lines as Place : undefined);
    return buildError(error, { filename: this.request?.filename.split('/').at(-1) ?? 'Dockerfile', dockerfile: this.dockerfile, lines, vertex: place?.vertex });
  }
}
