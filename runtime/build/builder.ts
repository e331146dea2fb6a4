// The classic builder: a Dockerfile's instructions one after the other, each an image with the one before as its parent. Every RUN is a
// container of the lab like any other. Output is dockerd's, word for word. Called by api/builds.ts; files are touched only inside the lab.
// https://github.com/moby/moby/tree/v26.1.5/builder/dockerfile
import { posix } from 'node:path';
import { containerConfigSchema, type ContainerConfig } from '../container/config.ts';
import { diffDir } from '../container/paths.ts';
import { SlipwayError } from '../errors.ts';
import type { Image } from '../image/model.ts';
import { canonicalName, familiarString, parseReference, withDefaultTag } from '../image/reference.ts';
import { layerOfUpper } from '../snapshot/layers.ts';
import { script } from '../snapshot/scripts.ts';
import { BuildArgs } from './args.ts';
import { StepFailed, type BuildOptions, type BuildParts } from './build-options.ts';
import { checkInstruction } from './check.ts';
import { commandOf, configure, shellOf, variablesOf, workingDirectory } from './configure.ts';
import { copyArguments, isUrl } from './copy-arguments.ts';
import { copy, findSources, type Source } from './copy.ts';
import { parseInstruction, type Instruction } from './dockerfile.ts';
import { isHeredocMark } from './heredocs.ts';
import { parseMount } from './mounts.ts';
import { runToEnd } from './run.ts';
import { parseFrom, stagesOf, targetOf } from './stages.ts';
import { short, StepFrame, type Stage } from './step-frame.ts';
import { changesOf, MAKE_DIRECTORY } from './upper.ts';
import { expand, split } from './words.ts';
import { digestOfBytes } from '../content/digest.ts';

const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const emptyConfig = (): ContainerConfig => containerConfigSchema.parse({ Labels: null });

export async function build(parts: BuildParts, options: BuildOptions): Promise<string> {
  return new Builder(parts, options).run();
}

class Builder {
  private readonly parts: BuildParts;
  private readonly options: BuildOptions;
  private readonly args: BuildArgs;
  private readonly stages: Stage[] = [];
  private stage: Stage | null = null;
  private readonly frame: StepFrame;
  constructor(parts: BuildParts, options: BuildOptions) {
    this.parts = parts;
    this.options = options;
    this.args = new BuildArgs(options.buildArgs);
    this.frame = new StepFrame(parts, options);
  }

  async run(): Promise<string> {
    const { output, images } = this.parts;
    for (const instruction of this.options.instructions) checkInstruction(instruction, this.options.escape);
    const instructions = this.wanted();
    for (const { text } of this.options.warnings) await output.text(red(`[WARNING]: ${text}\n`));
    if (this.options.warnings.length) await output.text(red('[WARNING]: Empty continuation lines will become errors in a future release.\n'));
    for (const [at, instruction] of instructions.entries()) {
      if (this.parts.signal.aborted) throw new SlipwayError('System', 'Build cancelled');
      if (instruction.name === 'FROM' && this.stage) await this.endStage();
      if (instruction.name === 'FROM') this.checkName(instruction);
      await output.text(`Step ${at + 1}/${instructions.length} : ${instruction.original}`);
      await output.text('\n');
      await this.dispatch(instruction);
    }
    await this.endStage();
    const { image } = this.stage!;
    if (!image) throw new SlipwayError('InvalidParameter', 'No image was generated. Is your Dockerfile empty?');
    const unused = this.args.unused();
    if (unused.length) await output.text(`[Warning] One or more build-args [${unused.join(' ')}] were not consumed\n`);
    await output.text(`Successfully built ${short(image.id)}\n`);
    for (const tag of this.options.tags) {
      const name = withDefaultTag(parseReference(tag));
      await images.put(image, { names: [canonicalName(name)], events: [{ action: 'tag', id: image.id, attributes: { ...image.config.config.Labels, name: familiarString(name) } }] });
      await output.text(`Successfully tagged ${familiarString(name)}\n`);
    }
    return image.id;
  }

  /** Up to the target's end, with the labels of --label as last instructions. */
  private wanted(): Instruction[] {
    const { target, labels, escape } = this.options;
    const { meta, stages } = stagesOf(this.options.instructions, escape);
    const last = targetOf(stages, target).index;
    const instructions = [...meta, ...stages.slice(0, last + 1).flatMap(stage => [stage.from, ...stage.instructions])];
    const asked = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
    return [...instructions, ...asked.map(([k, v]): Instruction => ({ line: 0, endLine: 0, heredocs: [], name: 'LABEL', flags: {}, rest: `${quoted(k)}=${quoted(v)}`, original: `LABEL ${k}=${v}` }))];
  }

  private async endStage() {
    const { image } = this.stage!;
    if (image) await this.parts.output.message({ aux: { ID: image.id } });
  }

  private async dispatch(instruction: Instruction): Promise<void> {
    const { name, rest } = instruction;
    if (name === 'FROM') return this.from(instruction);
    if (name === 'ARG') return this.arg(instruction);
    const stage = this.stage!;
    switch (name) {
      case 'RUN': return this.runCommand(stage, instruction);
      case 'COPY': case 'ADD': return this.copy(stage, instruction);
      case 'WORKDIR': return this.workdir(stage, expand(rest, this.variables(stage), this.options.escape));
      case 'MAINTAINER':
        stage.author = rest;
        return this.record(stage, stage.config, `MAINTAINER ${rest}`);
      default: {
        if (name === 'HEALTHCHECK' && stage.config.Healthcheck?.Test?.length) await this.parts.output.text(`Note: overriding previous HEALTHCHECK: [${stage.config.Healthcheck.Test.join(' ')}]\n`);
        const next = configure(stage.config, instruction, this.variables(stage), this.options.escape, stage.cmdSet)!;
        if (name === 'HEALTHCHECK') next.config.Healthcheck = healthOver(stage.config.Healthcheck, next.config.Healthcheck);
        if (name === 'CMD') stage.cmdSet = true;
        return this.record(stage, next.config, next.comment);
      }
    }
  }

  private checkName(instruction: Instruction): void {
    const { name } = parseFrom(instruction, this.options.escape);
    if (name !== '' && this.stages.some(stage => stage.name === name)) throw new SlipwayError('InvalidParameter', `${name} stage name already used`);
  }

  private async from(instruction: Instruction): Promise<void> {
    const { output } = this.parts;
    const { base: nameWord, name: stageName, platform } = parseFrom(instruction, this.options.escape);
    const name = expand(nameWord, this.args.meta(), this.options.escape);
    if (name === '') throw new SlipwayError('InvalidParameter', `base name (${nameWord}) should not be blank`);
    const earlier = this.stages.findLast(stage => stage.name !== '' && stage.name === name.toLowerCase());
    const image = earlier ? earlier.image : name === 'scratch' ? null : onPlatform(await this.image(name), name, expand(platform, this.args.meta(), this.options.escape) || this.options.platform);
    this.args.newStage();
    const config: ContainerConfig = image ? { ...containerConfigSchema.parse({ ...image.config.config, Image: image.id }), Labels: (image.config.config.Labels ?? null) as unknown as Record<string, string>, Hostname: '' } : emptyConfig();
    if (!(config.Env ?? []).some(entry => entry.startsWith('PATH='))) config.Env = [...(config.Env ?? []), DEFAULT_PATH];
    const triggers = config.OnBuild ?? [];
    config.OnBuild = null;
    this.stage = { name: stageName, image, config, cmdSet: false, cacheMissed: false, author: image?.config.author ?? '' };
    this.stages.push(this.stage);
    if (triggers.length) await output.text(`# Executing ${triggers.length} build trigger${triggers.length > 1 ? 's' : ''}\n`);
    else await this.frame.stepDone(this.stage);
    for (const [at, trigger] of triggers.entries()) {
      this.frame.triggersLeft = triggers.length - 1 - at;
      await this.dispatch(parseInstruction(trigger, instruction.line));
    }
  }

  /** Of this host, or pulled. */
  private async image(name: string): Promise<Image> {
    const { images, output } = this.parts;
    if (!this.options.pull) {
      try {
        return images.find(name);
      } catch (error) {
        if (!(error instanceof SlipwayError) || error.kind !== 'NotFound') throw error;
      }
    }
    for await (const message of this.parts.pull(withDefaultTag(parseReference(name)))) await output.message(message);
    return images.find(name);
  }

  private async arg(instruction: Instruction): Promise<void> {
    const { stage } = this;
    const variables = stage ? this.variables(stage) : this.args.meta();
    const told: string[] = [];
    for (const word of split(instruction.rest, this.options.escape)) {
      const equals = word.indexOf('=');
      const name = expand(equals < 0 ? word : word.slice(0, equals), variables, this.options.escape);
      const value = equals < 0 ? undefined : expand(word.slice(equals + 1), variables, this.options.escape);
      if (stage) this.args.declare(name, value);
      else this.args.declareMeta(name, value);
      told.push(`${name}${value === undefined ? '' : `=${value}`}`);
    }
    if (stage) await this.record(stage, stage.config, `ARG ${told.join(' ')}`);
  }

  private variables(stage: Stage): Map<string, string> {
    return new Map([...this.args.values(), ...variablesOf(stage.config)]);
  }

  /** A step that changes the configuration alone. */
  private async record(stage: Stage, config: ContainerConfig, comment: string): Promise<void> {
    const step = { ...config, Cmd: [...shellOf(config), '#(nop) ', comment] };
    stage.config = config;
    if (await this.frame.cached(stage, step)) return;
    const container = await this.frame.container({ ...step, Entrypoint: step.Entrypoint });
    await this.frame.commit(stage, null, step, container);
    await this.frame.removeContainer(container);
    await this.frame.stepDone(stage);
  }

  private async workdir(stage: Stage, path: string): Promise<void> {
    const config = { ...stage.config, WorkingDir: workingDirectory(stage.config, path) };
    const step = { ...config, Cmd: [...shellOf(config), `#(nop) WORKDIR ${config.WorkingDir}`] };
    stage.config = config;
    if (await this.frame.cached(stage, step)) return;
    const container = await this.frame.container(step);
    const layer = await changesOf(this.parts.host, this.frame.layers(stage), { argv: root => script(MAKE_DIRECTORY, root, config.WorkingDir), signal: this.parts.signal });
    await this.frame.commit(stage, layer, step, container);
    await this.frame.removeContainer(container);
    await this.frame.stepDone(stage);
  }

  private async copy(stage: Stage, instruction: Instruction): Promise<void> {
    const { name, flags } = instruction;
    const { host } = this.parts;
    const variables = this.variables(stage);
    const word = (text: string) => expand(text, variables, this.options.escape);
    if (flags.chmod) throw needsBuildKit('chmod');
    const outside = flags.from || !instruction.rest.includes('..') ? undefined : (split(instruction.rest, this.options.escape).slice(0, -1)).map(word).find(source => posix.normalize(source).startsWith('../'));
    if (outside !== undefined) throw new SlipwayError('InvalidParameter', `${name} failed: forbidden path outside the build context: ${outside} ()`);
    const { sources: words, target, destination, chown } = copyArguments(instruction, stage.config.WorkingDir, this.options.escape, word);
    const sources = instruction.heredocs.length ? words.filter(source => !isHeredocMark(source)) : words;
    if (sources.length === 0) throw new SlipwayError('InvalidParameter', `${name} failed: no source files were specified`);
    const url = name === 'ADD' ? sources.find(isUrl) : undefined;
    if (url) throw new SlipwayError('InvalidParameter', `ADD failed: this lab's builder fetches nothing from a network, so ${url} cannot be added`);
    const from = flags.from === undefined ? undefined : await this.source(flags.from[0]!).catch((error: unknown) => { throw error instanceof SlipwayError && !error.message.startsWith('invalid from flag') ? new SlipwayError(error.kind, `invalid from flag value ${flags.from![0]!}: ${error.message}`) : error; });
    const found = from ? await findSources(host, from, sources, this.parts.signal) : await this.options.context.find(sources);
    if ('missing' in found && /[*?[]/.test(found.missing)) throw new SlipwayError('InvalidParameter', `${name} failed: no source files were specified`);
    if ('missing' in found) throw new SlipwayError('InvalidParameter', `${name} failed: ${flags.from ? '' : 'file not found in build context or excluded by .dockerignore: '}stat ${found.missing.replace(/^\//, flags.from ? '/' : '')}: file does not exist`);
    if (found.length > 1 && !target.endsWith('/')) throw new SlipwayError('InvalidParameter', `When using ${name} with more than one source file, the destination must be a directory and end with a /`);
    const digest = found.length === 1 ? `${found[0]!.kind}:${found[0]!.digest}` : `multi:${digestOfBytes(found.map(f => `${f.kind}:${f.digest}`).join(',')).slice(7)}`;
    const comment = `#(nop) ${name} ${chown ? `--chown=${chown} ` : ''}${digest} in ${target} `;
    const step = { ...stage.config, Cmd: [...shellOf(stage.config), comment] };
    if (await this.frame.cached(stage, step)) return;
    const source = from ?? { directory: await this.options.context.directory() };
    const layer = await copy(host, this.frame.layers(stage), { source, found, destination, unpack: name === 'ADD', chown, chmod: '', keepOwners: flags.from !== undefined && !chown, signal: this.parts.signal })
      .catch((error: unknown) => { throw error instanceof SlipwayError ? new SlipwayError(error.kind, error.message.startsWith('unable to convert') ? error.message : `${name} failed: ${error.message}`, { cause: error.cause }) : error; });
    await this.frame.commit(stage, layer, step);
    await this.frame.stepDone(stage);
  }

  private async source(from: string): Promise<Source> {
    const stages = this.stages.slice(0, -1);
    const stage = /^\d+$/.test(from) ? stages[Number(from)] : stages.findLast(s => s.name === from.toLowerCase());
    if (stage) return { layers: this.frame.layers(stage).map(layer => layer.key) };
    if (Number(from) === this.stages.length - 1 && /^\d+$/.test(from)) throw new SlipwayError('InvalidParameter', `invalid from flag value ${from}: refers to current build stage`);
    if (/^\d+$/.test(from)) throw new SlipwayError('InvalidParameter', `invalid from flag value ${from}: index out of bounds`);
    return { layers: (await this.image(from)).layers.map(layer => layer.key) };
  }

  private async runCommand(stage: Stage, { flags, rest }: Instruction): Promise<void> {
    const { host, verbs, output, signal } = this.parts;
    for (const mount of flags.mount ?? []) parseMount(mount, stage.config.WorkingDir, value => value);
    const flag = ['mount', 'network'].find(name => flags[name]);
    if (flag) throw needsBuildKit(flag);
    if (!stage.image) throw new SlipwayError('InvalidParameter', 'Please provide a source image with `from` prior to run');
    const command = commandOf(stage.config, rest);
    const args = this.args.forRun(stage.config);
    const step = { ...stage.config, Cmd: args.length ? [`|${args.length}`, ...args, ...command] : command };
    if (await this.frame.cached(stage, step)) return;
    const container = await this.frame.container({ ...stage.config, Cmd: command, Entrypoint: [''], Healthcheck: undefined, Env: [...(stage.config.Env ?? []), ...args, ...this.args.proxies()], AttachStdout: true, AttachStderr: true });
    let done = false;
    try {
      const exitCode = await runToEnd(host, verbs, container, {
        say: (stream, data) => output.text(stream === 2 ? red(data.toString('utf8')) : data.toString('utf8')),
        signal,
      });
      if (exitCode !== 0) throw new StepFailed(`The command '${command.join(' ')}' returned a non-zero code: ${exitCode}`, exitCode);
      const layer = await layerOfUpper(host, diffDir(container.record.id), this.frame.layers(stage), { signal });
      await this.frame.commit(stage, layer, step, container);
      done = true;
    } finally {
      if (signal.aborted || (!done && this.options.forceRemove)) await verbs.remove(host, container, { force: true, volumes: true }).catch(error => host.onError(error));
    }
    await this.frame.removeContainer(container);
    await this.frame.stepDone(stage);
  }
}

/** There is one of each image, this machine's. */
function onPlatform(image: Image, name: string, wanted: string): Image {
  const [os = '', architecture = ''] = wanted.split('/');
  if (wanted !== '' && (os !== image.config.os || (architecture !== '' && architecture !== image.config.architecture))) {
    throw new SlipwayError('NotFound', `image with reference ${name} was found but does not match the specified platform: wanted ${wanted}, actual: ${image.config.os}/${image.config.architecture}`);
  }
  return image;
}

/** What a check does not say of itself it has from the one before, unless that is none: so dockerd merges what it commits. */
function healthOver(before: ContainerConfig['Healthcheck'], now: ContainerConfig['Healthcheck']): ContainerConfig['Healthcheck'] {
  return before && now && now.Test?.[0] !== 'NONE' ? { ...before, ...now } : now;
}

const red = (text: string) => `\u001B[91m${text}\u001B[0m`;
const needsBuildKit = (flag: string) => new SlipwayError('InvalidParameter', `the --${flag} option requires BuildKit. Refer to https://docs.docker.com/go/buildkit/ to learn how to build images with BuildKit enabled`);
const quoted = (text: string) => `"${text.replace(/["\\$]/g, '\\$&')}"`;
