// Instructions that change only an image's configuration. Pure: from a configuration to the next, and the comment that history shows.
// Used by the builder for each step, and for the `-c` of commit and import.
import { posix } from 'node:path';
import type { ContainerConfig } from '../container/config.ts';
import { signalNumber } from '../container/signals.ts';
import { SlipwayError } from '../errors.ts';
import { jsonForm, parseError, parseInstruction, type Instruction } from './dockerfile.ts';
import { DockerfileError } from './dockerfile-error.ts';
import { expand, pairs, split, type Variables } from './words.ts';

/** Each is written out in every image that has it. */
const MAX_PORTS = 16_384;
export const DEFAULT_SHELL = ['/bin/sh', '-c'];
export const shellOf = (config: ContainerConfig) => (config.Shell?.length ? config.Shell : DEFAULT_SHELL);
/** CMD and ENTRYPOINT: the exec form as it is, anything else through the shell. */
export const commandOf = (config: ContainerConfig, text: string): string[] => jsonForm(text) ?? [...shellOf(config), text];

/** `told`: as BuildKit has it in the history, where that is not the comment. */
export interface Configured { config: ContainerConfig; comment: string; told?: string }

/** Null when the instruction does more than that. `variables`: what words may name. `cmdSet`: a CMD was given in this build. */
export function configure(config: ContainerConfig, instruction: Instruction, variables: Variables, escape: string, cmdSet: boolean): Configured | null {
  const { name, rest, line } = instruction;
  const word = (text: string) => expand(text, variables, escape);
  const one = () => { const value = word(rest); if (value === '') throw parseError(line, `${name} requires exactly one argument`); return value; };
  switch (name) {
    case 'ENV': {
      const given = pairs(name, rest, variables, escape);
      const env = [...(config.Env ?? [])];
      for (const [key, value] of given) {
        const at = env.findIndex(entry => entry.split('=', 1)[0] === key);
        if (at < 0) env.push(`${key}=${value}`);
        else env[at] = `${key}=${value}`;
      }
      return { config: { ...config, Env: env }, comment: `ENV ${given.map(([k, v]) => `${k}=${v}`).join(' ')}` };
    }
    case 'LABEL': {
      const given = pairs(name, rest, variables, escape);
      return { config: { ...config, Labels: { ...config.Labels, ...Object.fromEntries(given) } }, comment: `LABEL ${given.map(([k, v]) => `${k}=${v}`).join(' ')}` };
    }
    case 'CMD': {
      const command = commandOf(config, rest);
      return { config: { ...config, Cmd: command }, comment: `CMD ${quoted(command)}` };
    }
    case 'ENTRYPOINT': {
      const command = commandOf(config, rest);
      return { config: { ...config, Entrypoint: command.length ? command : null, Cmd: cmdSet ? config.Cmd : null }, comment: `ENTRYPOINT ${quoted(command)}` };
    }
    case 'EXPOSE': {
      const written = split(rest, escape).sort().map(word);
      const ports = written.flatMap(port => portsOf(port)).sort();
      if (Object.keys(config.ExposedPorts ?? {}).length + ports.length > MAX_PORTS) throw new SlipwayError('InvalidParameter', `an image here exposes at most ${MAX_PORTS} ports`);
      return { config: { ...config, ExposedPorts: sorted({ ...config.ExposedPorts, ...asSet(ports) }) }, comment: `EXPOSE ${written.join(' ')}`, told: `EXPOSE map[${[...new Set(ports)].map(port => `${port}:{}`).join(' ')}]` };
    }
    case 'USER': return { config: { ...config, User: one() }, comment: `USER ${one()}` };
    case 'VOLUME': {
      const volumes = (jsonForm(rest) ?? split(rest, escape)).map(word);
      if (volumes.some(v => v.trim() === '')) throw new SlipwayError('InvalidParameter', 'VOLUME specified can not be an empty string');
      return { config: { ...config, Volumes: sorted({ ...config.Volumes, ...asSet(volumes) }) }, comment: `VOLUME [${volumes.join(' ')}]` };
    }
    case 'STOPSIGNAL': signalNumber(one()); return { config: { ...config, StopSignal: one() }, comment: `STOPSIGNAL ${one()}` };
    case 'SHELL': {
      const shell = jsonForm(rest);
      if (!shell) throw parseError(line, 'SHELL requires the arguments to be in JSON form');
      if (shell.length === 0) throw parseError(line, 'SHELL requires at least one argument');
      return { config: { ...config, Shell: shell }, comment: `SHELL [${shell.join(' ')}]` };
    }
    case 'HEALTHCHECK': return healthcheck(config, instruction);
    case 'ONBUILD': {
      const trigger = rest.trim();
      const inner = /^\S*/.exec(trigger)![0].toUpperCase(); // whether there is such an instruction is asked when it is carried out
      if (inner === 'ONBUILD') throw parseError(line, 'Chaining ONBUILD via `ONBUILD ONBUILD` isn\'t allowed');
      if (inner === 'MAINTAINER' || inner === 'FROM') throw parseError(line, `${inner} isn't allowed as an ONBUILD trigger`);
      return { config: { ...config, OnBuild: [...(config.OnBuild ?? []), trigger] }, comment: `ONBUILD ${trigger}` };
    }
    default: return null;
  }
}

/** Where WORKDIR leads: relative to the one before. */
export const workingDirectory = (config: ContainerConfig, path: string) => posix.normalize(path.startsWith('/') ? path : posix.join('/', config.WorkingDir, path)).replace(/(.)\/+$/, '$1');

const CHANGES = ['CMD', 'ENTRYPOINT', 'ENV', 'EXPOSE', 'HEALTHCHECK', 'LABEL', 'ONBUILD', 'STOPSIGNAL', 'USER', 'VOLUME', 'WORKDIR'];

/** The `-c` of commit and import. */
export function applyChanges(config: ContainerConfig, changes: readonly string[]): ContainerConfig {
  let next = config;
  for (const change of changes) {
    const instruction = changeOf(change);
    if (!CHANGES.includes(instruction.name)) throw new SlipwayError('InvalidParameter', `${instruction.name} is not a valid change command`);
    const variables = variablesOf(next);
    if (instruction.name === 'WORKDIR') next = { ...next, WorkingDir: workingDirectory(next, expand(instruction.rest, variables)) };
    else next = configure(next, instruction, variables, '\\', true)!.config;
  }
  return next;
}

/** There are no lines to tell of. */
function changeOf(text: string): Instruction {
  try {
    return parseInstruction(text, 1);
  } catch (error) {
    throw error instanceof DockerfileError ? new SlipwayError(error.kind, error.message.replace('dockerfile parse error on line 1: ', '')) : error;
  }
}

export const variablesOf = (config: ContainerConfig): Map<string, string> => new Map((config.Env ?? []).map(entry => [entry.split('=', 1)[0]!, entry.slice(entry.indexOf('=') + 1)]));

/** Go's %q of a list. */
const quoted = (words: string[]) => `[${words.map(w => JSON.stringify(w)).join(' ')}]`;

const asSet = (names: readonly string[]) => Object.fromEntries(names.map(name => [name, {}]));
const sorted = <T>(record: Record<string, T>) => Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));

/** `[address:][port:]port[-port][/protocol]`; only what is the container's counts. https://github.com/docker/go-connections/blob/v0.5.0/nat/nat.go */
function portsOf(spec: string): string[] {
  const invalid = (what: string) => new SlipwayError('InvalidParameter', what);
  const slash = spec.lastIndexOf('/');
  const [proto, raw] = slash < 0 ? ['tcp', spec] : [spec.slice(slash + 1) || 'tcp', spec.slice(0, slash)];
  const port = raw.slice(raw.lastIndexOf(':') + 1);
  if (port === '') throw invalid(`No port specified: ${spec}<empty>`);
  const [, first = '', last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(port) ?? [];
  if (first === '' || Number(last) > 65535 || Number(first) > Number(last)) throw invalid(`Invalid containerPort: ${port}`);
  if (!['tcp', 'udp', 'sctp'].includes(proto.toLowerCase())) throw invalid(`Invalid proto: ${proto}`);
  if (Number(last) - Number(first) >= MAX_PORTS) throw invalid(`an image here exposes at most ${MAX_PORTS} ports`);
  return Array.from({ length: Number(last) - Number(first) + 1 }, (_, at) => `${Number(first) + at}/${proto.toLowerCase()}`);
}

const UNITS: Record<string, number> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };
function nanoseconds(name: string, text: string | undefined): number {
  if (text === undefined || text === '0') return 0;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(p => p[0]).join('') !== text) throw new SlipwayError('InvalidParameter', `time: invalid duration ${JSON.stringify(text)}`);
  const value = parts.reduce((sum, [, number, unit]) => sum + Number(number) * UNITS[unit!]!, 0);
  if (value !== 0 && value < 1e6) throw new SlipwayError('InvalidParameter', `Interval ${JSON.stringify(name)} cannot be less than 1ms`);
  return value;
}

/** Go's words: 1h2m3.5s, without what is nought at the beginning. */
function goDuration(ns: number): string {
  if (ns > 0 && ns < 1e9) return ns < 1e6 ? `${ns / 1e3}µs` : `${ns / 1e6}ms`;
  const minutes = Math.floor(ns / 60e9);
  const [hours, seconds] = [Math.floor(minutes / 60), (ns - minutes * 60e9) / 1e9];
  return `${hours ? `${hours}h` : ''}${minutes ? `${minutes % 60}m` : ''}${seconds}s`;
}

/** Go's %q of a number. */
const goRune = (number: number) => (number >= 0x20 && number < 0x7f ? `'${number === 0x27 || number === 0x5c ? '\\' : ''}${String.fromCharCode(number)}'` : ({ 7: "'\\a'", 8: "'\\b'", 9: "'\\t'", 10: "'\\n'", 11: "'\\v'", 12: "'\\f'", 13: "'\\r'" } as Record<number, string>)[number] ?? `'\\x${number.toString(16).padStart(2, '0')}'`);

function healthcheck(config: ContainerConfig, { flags, rest, line }: Instruction): Configured {
  const kind = /^\S+/.exec(rest)![0].toUpperCase();
  const command = rest.slice(kind.length).trim();
  if (kind === 'NONE') {
    if (command) throw new SlipwayError('InvalidParameter', 'HEALTHCHECK NONE takes no arguments');
    return { config: { ...config, Healthcheck: { Test: ['NONE'] } }, comment: 'HEALTHCHECK &{["NONE"] "0s" "0s" "0s" "0s" \'\\x00\'}' };
  }
  if (kind !== 'CMD') throw parseError(line, `Unknown type ${JSON.stringify(kind)} in HEALTHCHECK (try CMD)`);
  if (!command) throw parseError(line, 'Missing command after HEALTHCHECK CMD');
  const exec = jsonForm(command);
  const test = exec ? ['CMD', ...exec] : ['CMD-SHELL', command];
  const times = (['interval', 'timeout', 'start-period', 'start-interval'] as const).map(name => nanoseconds(name, flags[name]?.[0]));
  const [Interval = 0, Timeout = 0, StartPeriod = 0, StartInterval = 0] = times;
  const asked = flags.retries?.[0] || '0';
  if (!/^[-+]?\d{1,9}$/.test(asked)) throw parseError(line, `strconv.ParseInt: parsing ${JSON.stringify(asked)}: invalid syntax`);
  const Retries = Number(asked);
  if (Retries < 0) throw parseError(line, `--retries cannot be negative (${Retries})`);
  const optional = (key: string, value: number) => (value ? { [key]: value } : {});
  return {
    config: { ...config, Healthcheck: { Test: test, ...optional('Interval', Interval), ...optional('Timeout', Timeout), ...optional('StartPeriod', StartPeriod), ...optional('StartInterval', StartInterval), ...optional('Retries', Retries) } },
    comment: `HEALTHCHECK &{${quoted(test)} ${times.map(t => `"${goDuration(t)}"`).join(' ')} ${goRune(Retries)}}`,
  };
}
