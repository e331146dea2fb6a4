// One stage of a build, instruction by instruction, as BuildKit does it: its configuration, its layers and what history will say. Called by
// solver.ts. What changes files is in solver-steps.ts; what changes only the configuration, in configure.ts.
import { containerConfigSchema } from '../container/config.ts';
import { digestOfBytes } from '../content/digest.ts';
import type { History, ImageConfig } from '../content/oci.ts';
import { SlipwayError } from '../errors.ts';
import type { ImageLayer } from '../image/model.ts';
import { EMPTY_DIFF_ID } from '../snapshot/layers.ts';
import type { CacheRecord } from './build-cache.ts';
import { commandOf, configure, shellOf, variablesOf, workingDirectory } from './configure.ts';
import { copyArguments, isUrl } from './copy-arguments.ts';
import { findSources, type Found, type Source } from './copy.ts';
import { jsonForm, parseInstruction, type Instruction } from './dockerfile.ts';
import { isHeredocMark, type Heredoc } from './heredocs.ts';
import { parseMount } from './mounts.ts';
import { COMMENT } from './oci-image.ts';
import { copyStep, inlineStep, runStep, workdirStep, type StepOf } from './solver-steps.ts';
import type { ContextFiles, SolverParts, StageEnd, StageOptions } from './stage-parts.ts';
import { expand, expandDocument, split } from './words.ts';

/** BuildKit says of the build, but not of the step, what it was about. */
const CACHE_KEY = 'failed to compute cache key: ';
/** A configuration of more than 4 MiB could not be read again. */
const MAX_HISTORY = 2 << 20;
const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export class StageRun {
  private readonly parts: SolverParts;
  private readonly options: StageOptions;
  private config: StageEnd['config'];
  private layers: ImageLayer[];
  private readonly history: History[];
  private author: string;
  private vertex: string;
  private record: string;
  private cmdSet = false;
  private at = 0;
  private toldLength = 0;
  /** Only to see whether all that instructions say makes sense: nothing is done, and nothing told. */
  private dry = false;

  constructor(parts: SolverParts, options: StageOptions) {
    const { base, before } = options;
    this.parts = parts;
    this.options = options;
    this.layers = [...(before?.layers ?? base?.layers ?? [])];
    this.history = [...(before?.history ?? [])];
    this.author = before?.author ?? base?.config.author ?? '';
    this.vertex = before?.vertex ?? '';
    this.record = before?.record ?? '';
    const image = base?.config.config;
    this.config = before ? { ...before.config } : { ...containerConfigSchema.parse(image ?? {}), Hostname: '', Image: '' };
    if (!before && !base) this.config.WorkingDir = '/';
    if (!before && !(this.config.Env ?? []).some(entry => entry.startsWith('PATH='))) this.config.Env = [...(this.config.Env ?? []), DEFAULT_PATH];
  }

  async run(): Promise<StageEnd> {
    const { base, before, text, args } = this.options;
    if (base && !this.dry) {
      this.at++;
      const { digest, record } = this.parts.from(base, this.options.isSource(base.name) ? `FROM ${base.name}` : this.label(`FROM ${base.name}`));
      this.vertex = digest;
      this.record = record;
    }
    const triggers = this.config.OnBuild ?? [];
    this.config = { ...this.config, OnBuild: null };
    for (const trigger of triggers) await this.options.at(text.from, () => this.dispatch(parseInstruction(trigger, text.from.line)));
    for (const [at, instruction] of text.instructions.entries()) {
      if (this.dry && at % 20 === 19) await new Promise(setImmediate); // others' labs wait for this process
      await this.options.at(instruction, () => this.dispatch(instruction));
    }
    return { base: before ? before.base : base?.config ?? null, layers: this.layers, config: this.config, history: this.history, author: this.author, args, vertex: this.vertex, record: this.record };
  }

  /** Throws what a build would stumble over before it begins. Gives what the stages that begin with this one need to know. */
  async rehearse(): Promise<StageEnd> {
    this.dry = true;
    const end = await this.run();
    return { ...end, layers: [], history: [] };
  }

  private async dispatch(instruction: Instruction): Promise<void> {
    this.parts.signal.throwIfAborted();
    const { name, rest } = instruction;
    switch (name) {
      case 'ARG': return this.arg(instruction);
      case 'RUN': return this.runCommand(instruction);
      case 'COPY': case 'ADD': return this.copy(instruction);
      case 'WORKDIR': return this.workdir(instruction);
      case 'MAINTAINER':
        this.author = rest;
        return this.told(`MAINTAINER ${rest}`);
      default: {
        const { config, comment, told } = configure(this.config, instruction, this.variables(), this.options.escape, this.cmdSet)!;
        this.config = { ...this.config, ...config, ...(name === 'CMD' ? { ArgsEscaped: true } : {}) };
        if (name === 'CMD') this.cmdSet = true;
        if (name === 'ONBUILD') return; // as BuildKit, which has no word of it in the history
        return this.told(told ?? comment);
      }
    }
  }

  private arg({ rest }: Instruction): void {
    const { args, escape } = this.options;
    const said: string[] = [];
    for (const word of split(rest, escape)) {
      const equals = word.indexOf('=');
      const name = expand(equals < 0 ? word : word.slice(0, equals), this.variables(), escape);
      const value = equals < 0 ? undefined : expand(word.slice(equals + 1), this.variables(), escape);
      args.declare(name, value);
      said.push(value === undefined ? name : `${name}=${value}`);
    }
    this.told(`ARG ${said.join(' ')}`);
  }

  private async workdir({ rest }: Instruction): Promise<void> {
    const written = expand(rest, this.variables(), this.options.escape);
    const path = workingDirectory(this.config, written);
    this.config = { ...this.config, WorkingDir: path };
    if (path === '/') return this.told(`WORKDIR ${path}`);
    const { User } = this.config;
    await this.step(() => this.label(`WORKDIR ${written}`), of => workdirStep(this.parts, of, path, User), `WORKDIR ${path}`);
  }

  private async runCommand({ rest, flags, heredocs, original }: Instruction): Promise<void> {
    const { args, network, hostOptions } = this.options;
    const mounts = (flags.mount ?? []).map(text => parseMount(text, this.config.WorkingDir, value => expand(value, this.variables(), this.options.escape)));
    const asked = flags.network?.[0] ?? 'default';
    if (asked === 'host') this.options.permitted('network.host');
    const { argv, scripts } = this.command(rest, heredocs);
    if (scripts.length && !this.dry) this.parts.inlined();
    const given = args.declaredForRun(this.config);
    const told = args.told(this.config);
    const prefix = told.length ? `|${told.length} ${told.join(' ')} ` : '';
    const first = heredocs.length === 1 && isHeredocMark(rest) ? ` (${firstLine(this.shown(heredocs[0]!.content))})` : '';
    const sources = new Map<string, Promise<{ source: Source; key: string }>>();
    const sourceOf = (from: string) => {
      if (!sources.has(from)) sources.set(from, this.source(from));
      return sources.get(from)!;
    };
    await this.step(() => this.label(this.shown(original) + first), async of => {
      const mountKeys: string[] = [];
      for (const { type, from, source } of mounts) if (type === 'bind') mountKeys.push(`${from === '' ? await this.digestOfContext(source) : (await sourceOf(from)).key} ${source}`);
      return runStep(this.parts, { host: this.parts.host, source: async from => (await sourceOf(from)).source, secret: id => this.parts.secret(id), cacheMounts: this.parts.cacheMounts }, of, {
        argv, env: [...given, ...(this.config.Env ?? [])], proxies: args.proxies(), config: this.config, network: asked === 'default' ? network : asked, hostOptions, mounts, mountKeys, scripts,
      });
    }, `RUN ${prefix}${argv.join(' ')} # buildkit`);
  }

  /** A sole heredoc is the shell's script, or a program of its own when it begins with #!; others are the shell's own affair. */
  private command(rest: string, heredocs: readonly Heredoc[]): { argv: string[]; scripts: Heredoc[] } {
    if (heredocs.length === 0) return { argv: commandOf(this.config, rest), scripts: [] };
    const [only] = heredocs;
    if (heredocs.length === 1 && isHeredocMark(rest)) {
      if (only!.content.startsWith('#!')) return { argv: [...shellOf(this.config), `/dev/pipes/${only!.name}`], scripts: [only!] };
      return { argv: [...shellOf(this.config), only!.content], scripts: [] };
    }
    return { argv: [...shellOf(this.config), `${rest}\n${heredocs.map(({ name, content }) => `${content}${name}`).join('\n')}`], scripts: [] };
  }

  private async copy(instruction: Instruction): Promise<void> {
    const { name, rest, flags, original, heredocs } = instruction;
    const word = (text: string) => expand(text, this.variables(), this.options.escape);
    const copied = copyArguments(instruction, this.config.WorkingDir, this.options.escape, word, { several: true });
    if (flags.checksum && !copied.sources.every(isUrl)) throw new SlipwayError('InvalidParameter', 'checksum can\'t be specified for non-HTTP sources');
    const history = `${name} ${copied.chown ? `--chown=${copied.chown} ` : ''}${copied.chmod ? `--chmod=${copied.chmod} ` : ''}${copied.sources.join(' ')} ${copied.target} # buildkit`;
    const label = () => this.label(jsonForm(rest) ? `${this.shown(original.slice(0, original.length - rest.length))}[${[...copied.sources, copied.target].join(', ')}]` : this.shown(heredocs.length ? original.replace(/<<(-?)["']([^"']+)["']/g, '<<$1$2') : original));
    const from = flags.from?.[0];
    if (name === 'ADD') {
      const url = copied.sources.find(isUrl);
      if (url) return this.step(label, of => { of.report.start(); throw new SlipwayError('Unavailable', `this lab's builder fetches nothing from a network, so ${url} cannot be added`); }, history);
    }
    const inline = heredocs.map(document => ({ name: document.name, content: document.expand ? expandDocument(document.content, this.variables()) : document.content }));
    const paths = copied.sources.filter(source => !isHeredocMark(source));
    if (inline.length && !this.dry) for (const _ of inline) this.parts.inlined();
    const shown = this.dry ? '' : label();
    if (inline.length) await this.step(() => shown, of => inlineStep(this.parts, of, copied, inline), history);
    if (inline.length && paths.length === 0) return;
    await this.step(() => shown, async of => {
      const { source, key, files } = await this.source(from ?? '');
      const find = async (): Promise<readonly Found[]> => {
        for (let patterns = paths; patterns.length;) {
          const found = files ? await files.find(patterns) : await findSources(this.parts.host, source, patterns, this.parts.signal);
          if (!('missing' in found)) return found;
          if (!/[*?[]/.test(found.missing)) throw this.notFound(found.missing);
          patterns = patterns.filter(pattern => pattern !== found.missing); // BuildKit minds no wildcard that finds nothing
        }
        return [];
      };
      return copyStep(this.parts, of, { ...copied, source, sourceKey: files ? '' : key, find, isAdd: name === 'ADD', keepOwners: from !== undefined && !copied.chown });
    }, history);
  }

  /** What --from means: a stage, a named context, an image; empty is the build context. */
  private async source(from: string): Promise<{ source: Source; key: string; files?: ContextFiles }> {
    const context = from === '' ? 'local:context' : this.options.namedContexts.get(from);
    if (context?.startsWith('local:')) {
      const files = await this.parts.files(context.slice('local:'.length));
      return { source: { directory: files.directory }, key: '', files };
    }
    const layers = await this.options.layersOf(from) ?? await this.layersOfImage(context?.startsWith('docker-image://') ? context.slice('docker-image://'.length) : from);
    return { source: { layers: layers.filter(layer => layer.diffId !== EMPTY_DIFF_ID).map(layer => layer.key) }, key: layers.at(-1)?.chainId ?? 'scratch' };
  }

  private async layersOfImage(name: string): Promise<readonly ImageLayer[]> {
    const image = await this.parts.image(name, '');
    this.parts.from(image, `FROM ${image.name}`);
    return image.layers;
  }

  private async digestOfContext(path: string): Promise<string> {
    const found = await (await this.parts.files('context')).find([path]);
    if ('missing' in found) throw this.notFound(found.missing);
    return digestOfBytes(JSON.stringify(found));
  }

  private notFound(path: string) { return new SlipwayError('NotFound', `${CACHE_KEY}failed to calculate checksum of ref ${this.vertex.slice(7, 32)}: "/${path.replace(/^(\.?\/)+/, '')}": not found`); }

  private async step(label: () => string, work: (of: StepOf) => Promise<CacheRecord>, history: string): Promise<void> {
    if (this.dry) return;
    const name = label();
    const vertex = this.parts.step(name, this.vertex ? [this.vertex] : []);
    try {
      const made = await work({ name, report: vertex, below: this.layers, parent: this.record });
      const layer = made.layers.at(-1)!;
      this.layers = [...this.layers, layer];
      this.record = made.id;
      this.vertex = vertex.digest;
      this.history.push({ created: made.created, created_by: history, comment: COMMENT });
      vertex.end();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      vertex.end(this.parts.signal.aborted ? 'context canceled' : message.replace(CACHE_KEY, ''));
      if (!this.parts.signal.aborted) this.parts.failedAt(error, { start: 0, end: 0 }, vertex.digest);
      throw error;
    }
  }

  private told(createdBy: string): void {
    this.toldLength += createdBy.length;
    if (this.toldLength > MAX_HISTORY) throw new SlipwayError('InvalidParameter', `what this stage's history says would be longer than ${MAX_HISTORY} characters`);
    if (!this.dry) this.history.push({ created_by: createdBy, comment: COMMENT, empty_layer: true });
  }

  private variables(): Map<string, string> { return new Map([...this.options.args.values(), ...variablesOf(this.config)]); }

  /** `[name 2/5] `, counting what makes a layer. */
  private label(text: string): string {
    const { name, total } = this.options;
    if (!text.startsWith('FROM ')) this.at++;
    return `[${name ? `${name} ` : ''}${String(this.at).padStart(String(total).length)}/${total}] ${text.replace(/^\S+/, word => word.toUpperCase())}`;
  }

  /** An instruction as progress shows it: known variables are replaced, quotes stay. */
  private shown(original: string): string {
    try {
      return expand(original, this.variables(), this.options.escape, { shown: true });
    } catch {
      return original; // quotes that do not match are the shell's affair
    }
  }
}

const firstLine = (text: string) => {
  const [first = '', ...more] = text.replace(/\n$/, '').split('\n');
  return `${first}${more.length ? '...' : ''}`;
};

/** Commands that an image has for the stages that begin with it. */
export const triggersOf = (image: ImageConfig | undefined): readonly string[] => (image?.config.OnBuild as readonly string[] | null | undefined) ?? [];
