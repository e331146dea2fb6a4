// Build arguments: what --build-arg gave, what ARG declared, before the first FROM and in a stage, and which of it a RUN sees.
// https://github.com/moby/moby/blob/v26.1.5/builder/dockerfile/buildargs.go
import type { ContainerConfig } from '../container/config.ts';

/** Known without ARG, and no reason for a cache miss. */
const PREDEFINED = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'FTP_PROXY', 'ftp_proxy', 'NO_PROXY', 'no_proxy', 'ALL_PROXY', 'all_proxy'];

export class BuildArgs {
  private readonly given: Readonly<Record<string, string | null>>;
  private readonly used = new Set<string>();
  private readonly metaDefaults = new Map<string, string | undefined>();
  private declared = new Map<string, string | undefined>();
  /** Of those, what the stage that this one begins with has declared. */
  private inherited: ReadonlySet<string> = new Set();
  constructor(given: Readonly<Record<string, string | null>>) { this.given = given; }

  declareMeta(name: string, value: string | undefined) { this.used.add(name); this.metaDefaults.set(name, value); }
  declare(name: string, value: string | undefined) {
    this.used.add(name);
    this.declared.set(name, value ?? this.metaDefaults.get(name));
    if (this.inherited.has(name)) this.inherited = new Set([...this.inherited].filter(other => other !== name));
  }
  newStage() { this.declared = new Map(); }

  /** For a stage that runs beside others; what the stage that it begins with has declared is known in it. */
  forStage(base?: BuildArgs): BuildArgs {
    const args = new BuildArgs(this.given);
    for (const [name, value] of this.metaDefaults) args.metaDefaults.set(name, value);
    for (const [name, value] of base?.declared ?? []) args.declared.set(name, value);
    args.inherited = new Set(args.declared.keys());
    return args;
  }

  /** What FROM may name. */
  meta(): Map<string, string> { return this.resolved(this.metaDefaults); }
  /** What the stage's instructions may name. */
  values(): Map<string, string> { return this.resolved(this.declared); }

  /** `NAME=value` for a RUN, in order; the environment goes before. */
  forRun(config: ContainerConfig): string[] { return this.declaredForRun(config).sort(); }

  /** The same as they were declared. */
  declaredForRun(config: ContainerConfig): string[] {
    const names = new Set((config.Env ?? []).map(entry => entry.split('=', 1)[0]));
    return [...this.values()].filter(([name]) => !names.has(name)).map(([name, value]) => `${name}=${value}`);
  }

  /** What the history says of them: all of this stage, and what the environment has made of them. */
  told(config: ContainerConfig): string[] {
    const env = new Map((config.Env ?? []).map(entry => [entry.split('=', 1)[0]!, entry.slice(entry.indexOf('=') + 1)]));
    const values = this.values();
    return [...this.declared.keys()].filter(name => !this.inherited.has(name)).map(name => `${name}=${env.get(name) ?? values.get(name) ?? ''}`);
  }

  proxies(): string[] { return PREDEFINED.flatMap(name => (typeof this.given[name] === 'string' && !this.declared.has(name) ? [`${name}=${this.given[name]}`] : [])); }
  unused(): string[] { return Object.keys(this.given).filter(name => !this.used.has(name) && !PREDEFINED.includes(name)).sort(); }

  private resolved(defaults: ReadonlyMap<string, string | undefined>): Map<string, string> {
    const found = new Map<string, string>();
    for (const [name, fallback] of defaults) {
      const value = this.given[name] ?? fallback;
      if (value !== undefined) found.set(name, value);
    }
    return found;
  }
}
