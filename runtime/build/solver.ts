// BuildKit's way through a Dockerfile: stages that nobody needs are skipped, the others run beside each other, each step's layer is looked up by
// what it would be made of. plan() reads and resolves, run() works. Called by buildkit/solve.ts, which knows how a client is told.
// https://github.com/moby/buildkit/blob/v0.13.2/frontend/dockerfile/dockerfile2llb/convert.go
import { SlipwayError } from '../errors.ts';
import type { NewImage } from '../image/made.ts';
import { canonicalName, parseReference, withDefaultTag } from '../image/reference.ts';
import { BuildArgs } from './args.ts';
import { DockerfileError } from './dockerfile-error.ts';
import { checkInstruction } from './check.ts';
import { jsonForm, parseDockerfile, type Instruction, type Warning } from './dockerfile.ts';
import { isHeredocMark } from './heredocs.ts';
import { ociImage } from './oci-image.ts';
import { StageRun, triggersOf } from './solver-stage.ts';
import type { BaseImage, SolverParts, StageEnd } from './stage-parts.ts';
import { earlierStage, stagesOf, targetOf, type StageText } from './stages.ts';
import { expand, split } from './words.ts';

export interface SolverOptions {
  dockerfile: string;
  filename: string;
  target: string;
  buildArgs: Readonly<Record<string, string>>;
  labels: Readonly<Record<string, string>>;
  /** Of every RUN. */
  network: string;
  hostOptions: Record<string, unknown>;
  architecture: string;
  /** What the client has allowed, such as network.host. */
  entitlements: readonly string[];
  /** Names that mean something else than a stage or an image: --build-context. */
  namedContexts: ReadonlyMap<string, string>;
}

/** What the builder can do by itself: nothing is fetched for it. */
const DOCKERFILE_SYNTAX = /^(docker\.io\/)?docker\/dockerfile(-upstream)?([:@]\S*)?$/;

interface Needed { text: StageText; name: string; base: BaseImage | null; stage: StageText | null; total: number }

export class Solver {
  private readonly parts: SolverParts;
  private readonly options: SolverOptions;
  private readonly escape: string;
  private readonly stages: StageText[];
  private readonly args: BuildArgs;
  private readonly needed = new Map<StageText, Needed>();
  private readonly ends = new Map<StageText, Promise<StageEnd>>();
  private readonly target: StageText;
  /** Images that files are copied from. */
  private readonly sources = new Set<string>();
  /** What is odd about the text, though not wrong. */
  readonly warnings: readonly Warning[];

  /** Throws for what is wrong with the text. */
  constructor(parts: SolverParts, options: SolverOptions) {
    this.parts = parts;
    this.options = options;
    const { instructions, escape, syntax, warnings } = parseDockerfile(options.dockerfile, options.filename);
    if (syntax !== '' && !DOCKERFILE_SYNTAX.test(syntax)) throw new DockerfileError(`this lab's builder reads Dockerfiles itself, and cannot take the frontend ${syntax.split(/\s/)[0]} for it`, 1);
    this.warnings = warnings;
    this.escape = escape;
    this.args = new BuildArgs(options.buildArgs);
    const { meta, stages } = stagesOf(instructions, escape);
    for (const { rest } of meta) {
      for (const word of split(rest, escape)) {
        const equals = word.indexOf('=');
        this.args.declareMeta(equals < 0 ? word : word.slice(0, equals), equals < 0 ? undefined : expand(word.slice(equals + 1), this.args.meta(), escape));
      }
    }
    this.stages = stages;
    for (const stage of stages) {
      for (const instruction of stage.instructions) {
        const from = instruction.flags.from?.[0] ?? '';
        if (/^\d+$/.test(from) && Number(from) >= stage.index && !options.namedContexts.has(from)) throw new SlipwayError('InvalidParameter', `invalid stage index ${from}`);
        checkInstruction(instruction, escape);
      }
    }
    this.target = targetOf(stages, options.target);
  }

  /** Files of the context that any needed stage copies or mounts; null when that cannot be told beforehand, or is everything. */
  contextPaths(): string[] | null {
    const paths: string[] = [];
    for (const { text } of this.needed.values()) {
      for (const { name, rest, flags } of text.instructions) {
        if (name === 'RUN') {
          for (const mount of flags.mount ?? []) if (/(^|,)type=bind(,|$)/.test(mount) || !/(^|,)type=/.test(mount)) if (!/(^|,)from=/.test(mount)) return null;
        } else if (name === 'ONBUILD') continue;
        else if ((name === 'COPY' || name === 'ADD') && !flags.from) {
          const words = (jsonForm(rest) ?? split(rest, this.escape).map(word => (word.includes('$') ? word : expand(word, new Map(), this.escape)))).slice(0, -1).filter(word => !isHeredocMark(word));
          if (words.some(word => word.includes('$'))) return null;
          paths.push(...words.map(word => word.replace(/^(\.?\/)+/, '').replace(/\/+$/, '') || '.'));
        }
      }
    }
    return paths.some(path => path === '.' || path.split('/').includes('..')) || [...this.needed.values()].some(stage => triggersOf(stage.base?.config).length) ? null : [...new Set(paths)].sort();
  }

  /** Finds out which stages are needed, and their images, and whether what their instructions say makes sense. */
  async plan(): Promise<void> {
    await this.need(this.target);
    const rehearsed = new Map<StageText, StageEnd>();
    for (const stage of [...this.needed.values()].sort((a, b) => a.text.index - b.text.index)) {
      rehearsed.set(stage.text, await this.stageRun(stage, stage.stage ? rehearsed.get(stage.stage)! : null).rehearse());
    }
    for (const stage of this.needed.values()) {
      const triggers = triggersOf(stage.base?.config);
      const named = this.stages.length > 1 || this.sources.size > 0 || stage.text.instructions.some(i => i.flags.mount);
      stage.name = named ? stage.text.name || `stage-${stage.text.index}` : '';
      stage.total = (stage.base ? 1 : 0) + stage.text.instructions.filter(i => isCounted(i.name)).length + triggers.filter(trigger => isCounted(/^\S+/.exec(trigger)?.[0]?.toUpperCase() ?? '')).length;
    }
  }

  /** The image of the target. */
  async run(): Promise<NewImage> {
    const begun = [...this.needed.keys()].reverse().map(stage => this.end(stage));
    try {
      await Promise.all(begun);
    } catch (error) {
      this.parts.abort();
      await Promise.allSettled(begun);
      throw error;
    }
    const { base, layers, config, history, author } = await this.end(this.target);
    const labels = { ...config.Labels, ...this.options.labels };
    return ociImage({ base, layers, config: { ...config, Labels: labels }, history, author, architecture: this.options.architecture });
  }

  private async need(text: StageText): Promise<void> {
    if (this.needed.has(text)) return;
    const needed: Needed = { text, name: '', base: null, stage: null, total: 0 };
    this.needed.set(text, needed);
    await this.at(text.from, async () => {
      const base = expand(text.base, this.args.meta(), this.escape);
      if (base === '') throw new DockerfileError(`base name (${text.base}) should not be blank`, text.from.line);
      const context = this.options.namedContexts.get(base);
      const stage = context === undefined ? this.stages.slice(0, text.index).findLast(s => s.name !== '' && s.name === base.toLowerCase()) : undefined;
      if (stage) {
        needed.stage = stage;
        await this.need(stage);
      } else if (context !== undefined || base !== 'scratch') {
        if (context === undefined) this.named(base);
        needed.base = await this.parts.image(context === undefined ? base : imageOf(base, context), expand(text.platform, this.args.meta(), this.escape));
      }
    });
    for (const instruction of text.instructions) {
      await this.at(instruction, async () => {
        const from = instruction.flags.from?.[0];
        if (from !== undefined) await this.needSource(text, from);
        for (const mount of instruction.flags.mount ?? []) {
          const source = /(?:^|,)from=([^,]+)/.exec(mount)?.[1]; // whether the rest makes sense is found out in the rehearsal
          if (source) await this.needSource(text, source);
        }
      });
    }
  }

  private async needSource(text: StageText, from: string): Promise<void> {
    if (this.options.namedContexts.has(from)) return;
    if (text.name !== '' && from.toLowerCase() === text.name && !earlierStage(this.stages, text.index, from)) throw new SlipwayError('InvalidParameter', `circular dependency detected on stage: ${from}`);
    const stage = earlierStage(this.stages, text.index, from);
    if (stage) return this.need(stage);
    this.sources.add(this.named(from));
    await this.parts.image(from, '');
  }

  private named(image: string): string {
    try {
      return canonicalName(withDefaultTag(parseReference(image)));
    } catch (error) {
      throw error instanceof SlipwayError ? new SlipwayError(error.kind, `failed to parse stage name ${JSON.stringify(image)}: ${error.message}`) : error;
    }
  }

  /** Once for each stage. */
  private end(text: StageText): Promise<StageEnd> {
    let end = this.ends.get(text);
    if (!end) {
      end = this.runStage(this.needed.get(text)!);
      end.catch(() => {}); // told by run()
      this.ends.set(text, end);
    }
    return end;
  }

  private async runStage(needed: Needed): Promise<StageEnd> {
    return this.stageRun(needed, needed.stage ? await this.end(needed.stage) : null).run();
  }

  private stageRun({ text, name, base, total }: Needed, before: StageEnd | null): StageRun {
    return new StageRun(this.parts, {
      text, name, total, base, before, escape: this.escape, args: this.args.forStage(before?.args), network: this.options.network, hostOptions: this.options.hostOptions, namedContexts: this.options.namedContexts,
      layersOf: async from => {
        const other = this.options.namedContexts.has(from) ? undefined : earlierStage(this.stages, text.index, from);
        return other ? (await this.end(other)).layers : null;
      },
      isSource: image => this.sources.has(image),
      permitted: entitlement => { if (!this.options.entitlements.includes(entitlement)) throw new EntitlementMissing(entitlement); },
      at: (instruction, work) => this.at(instruction, work),
    });
  }

  /** Errors without a place in the Dockerfile get this one. */
  private async at<T>(instruction: Instruction, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof EntitlementMissing)) this.parts.failedAt(error, error instanceof DockerfileError ? error.lines : { start: instruction.line, end: instruction.endLine });
      throw error;
    }
  }
}

/** BuildKit finds out later, when the place in the Dockerfile is not known any more. */
class EntitlementMissing extends SlipwayError {
  constructor(entitlement: string) { super('Forbidden', `failed to load LLB: ${entitlement} is not allowed`); }
}

export const isCounted = (name: string) => ['RUN', 'COPY', 'ADD', 'WORKDIR'].includes(name);

export function imageOf(name: string, context: string): string {
  if (context.startsWith('docker-image://')) return context.slice('docker-image://'.length);
  throw new SlipwayError('InvalidParameter', `unsupported context source ${context.split(':', 1)[0]} for ${name}: a stage can begin with an image, not with files`);
}
