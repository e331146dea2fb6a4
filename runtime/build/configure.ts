// Instructions that change only an image's configuration. Pure: from a configuration to the next, and the comment that history shows.
// Used by the builder for each step, and for the `-c` of commit and import.
import { posix } from 'node:path';
import type { ContainerConfig } from '../container/config.ts';
import { signalNumber } from '../container/signals.ts';
import { SlipwayError } from '../errors.ts';
import { jsonForm, parseError, parseInstruction, type Instruction } from './dockerfile.ts';
import { DockerfileError } from './dockerfile-error.ts';
import { expand, pairs, split, type Variables } from './words.ts';

export const DEFAULT_SHELL = ['/bin/sh', '-c'];
export const shellOf = (config: ContainerConfig) => (config.Shell?.length ? config.Shell : DEFAULT_SHELL);
/** CMD and ENTRYPOINT: the exec form as it is, anything else through the shell. */
export const commandOf = (config: ContainerConfig, text: string): string[] => jsonForm(text) ?? [...shellOf(config), text];

export interface Configured { config: ContainerConfig; comment: string }

/** Null when the instruction does more than that. `variables`: what words may name. `cmdSet`: a CMD was given in this build. */
export function configure(config: ContainerConfig, instruction: Instruction, variables: Variables, escape: string, cmdSet: boolean): Configured | null {
  const { name, rest, line } = instruction;
  const word = (text: string) => expand(text, variables, escape);
  const words = () => split(rest, escape).map(word);
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
      const command = rest === '' ? [] : commandOf(config, rest);
      return { config: { ...config, Cmd: command }, comment: `CMD ${quoted(command)}` };
    }
    case 'ENTRYPOINT': {
      const command = rest === '' ? [] : commandOf(config, rest);
      return { config: { ...config, Entrypoint: command.length ? command : null, Cmd: cmdSet ? config.Cmd : null }, comment: `ENTRYPOINT ${quoted(command)}` };
    }
    case 'EXPOSE': {
      const ports = words().map(port => checkPort(port));
      return { config: { ...config, ExposedPorts: { ...config.ExposedPorts, ...Object.fromEntries(ports.map(port => [port, {}])) } }, comment: `EXPOSE ${words().sort().join(' ')}` };
    }
    case 'USER': return { config: { ...config, User: one() }, comment: `USER ${one()}` };
    case 'VOLUME': {
      const volumes = (jsonForm(rest) ?? split(rest, escape)).map(word);
      if (volumes.some(v => v.trim() === '')) throw new SlipwayError('InvalidParameter', 'VOLUME specified can not be an empty string');
      return { config: { ...config, Volumes: { ...config.Volumes, ...Object.fromEntries(volumes.map(v => [v, {}])) } }, comment: `VOLUME [${volumes.join(' ')}]` };
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
      const inner = parseInstruction(trigger, line);
      if (inner.name === 'ONBUILD') throw parseError(line, 'Chaining ONBUILD via `ONBUILD ONBUILD` isn\'t allowed');
      if (inner.name === 'MAINTAINER' || inner.name === 'FROM') throw parseError(line, `${inner.name} isn't allowed as an ONBUILD trigger`);
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

function checkPort(port: string): string {
  const match = /^(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/i.exec(port);
  const number = Number(match?.[1]);
  if (!match || number > 65535) throw new SlipwayError('InvalidParameter', `Invalid containerPort: ${port}`);
  return `${match[1]}${match[2] ? `-${match[2]}` : ''}/${(match[3] ?? 'tcp').toLowerCase()}`;
}

const UNITS: Record<string, number> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };
function nanoseconds(name: string, text: string | undefined): number {
  if (text === undefined) return 0;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(p => p[0]).join('') !== text) throw new SlipwayError('InvalidParameter', `time: invalid duration ${JSON.stringify(text)}`);
  const value = parts.reduce((sum, [, number, unit]) => sum + Number(number) * UNITS[unit!]!, 0);
  if (value < 1e6) throw new SlipwayError('InvalidParameter', `Interval ${JSON.stringify(name)} cannot be less than 1ms`);
  return value;
}

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
  const Retries = Number(flags.retries?.[0] ?? 0);
  const optional = (key: string, value: number) => (value ? { [key]: value } : {});
  return {
    config: { ...config, Healthcheck: { Test: test, ...optional('Interval', Interval), ...optional('Timeout', Timeout), ...optional('StartPeriod', StartPeriod), ...optional('StartInterval', StartInterval), ...optional('Retries', Retries) } },
    comment: `HEALTHCHECK &{${quoted(test)} ${times.map(t => `"${t / 1e9}s"`).join(' ')} '\\x${Retries.toString(16).padStart(2, '0')}'}`,
  };
}
