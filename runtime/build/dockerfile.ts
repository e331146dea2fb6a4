// Parses a Dockerfile into instructions, for both builders: directives, comments, continued lines, heredocs, flags. Pure; words are expanded
// later (words.ts), when the variables are known. https://docs.docker.com/reference/dockerfile/
import { SlipwayError } from '../errors.ts';
import { DockerfileError } from './dockerfile-error.ts';
import { heredocsOf, readHeredoc, type Heredoc } from './heredocs.ts';

export interface Instruction {
  line: number;
  /** The last line that belongs to it. */
  endLine: number;
  /** In capitals. */
  name: string;
  flags: Record<string, string[]>;
  /** What follows the flags, as written. */
  rest: string;
  /** The whole instruction on one line, as the builder shows it. */
  original: string;
  /** In the order in which their names stand in `rest`. */
  heredocs: readonly Heredoc[];
}

const NAMES = ['ADD', 'ARG', 'CMD', 'COPY', 'ENTRYPOINT', 'ENV', 'EXPOSE', 'FROM', 'HEALTHCHECK', 'LABEL', 'MAINTAINER', 'ONBUILD', 'RUN', 'SHELL', 'STOPSIGNAL', 'USER', 'VOLUME', 'WORKDIR'];
/** Given without a value they mean yes. */
const SWITCHES = ['link', 'keep-git-dir'];
const FLAGS: Readonly<Record<string, readonly string[]>> = {
  FROM: ['platform'], ADD: ['chown', 'chmod', 'link', 'checksum', 'keep-git-dir'], COPY: ['chown', 'chmod', 'from', 'link'], RUN: ['mount', 'network'], HEALTHCHECK: ['interval', 'timeout', 'start-period', 'start-interval', 'retries'],
};

/** Each is held against those before it: of tens of thousands one build would keep all labs waiting. */
const MAX_INSTRUCTIONS = 2000;
const DIRECTIVES = ['syntax', 'escape', 'check'];

/** Odd, but not wrong. */
export interface Warning { text: string; details: string[]; url: string; line: number }

/** `syntax` is what `# syntax=` asks for, or empty. */
export function parseDockerfile(text: string, name: string): { instructions: Instruction[]; escape: string; syntax: string; warnings: Warning[] } {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const directives = directivesOf(lines);
  const escape = directives.get('escape') ?? '\\';
  const continued = new RegExp(`${escape === '\\' ? '\\\\' : '`'}[ \\t]*$`);
  const instructions: Instruction[] = [];
  let joined = '';
  const warnings: Warning[] = [];
  let gap = false;
  let start = 0;
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    const last = at === lines.length - 1;
    if (line.trim() === '' && (joined === '' || !last)) { // also inside a continued one
      gap ||= joined !== '';
      continue;
    }
    if (/^\s*#/.test(line) && !last) continue;
    if (joined === '') start = at + 1;
    if (!/^\s*#/.test(line)) {
      const piece = joined === '' ? line.trimStart() : line;
      joined += piece.replace(continued, '');
      if (continued.test(piece) && !last) continue;
    }
    if (joined.trim() !== '') {
      const instruction = parseInstruction(joined.trimEnd(), start);
      if (gap) warnings.push({ text: `Empty continuation line found in: ${joined.trim()}`, details: ['Empty continuation lines will become errors in a future release'], url: 'https://github.com/moby/moby/pull/33719', line: start });
      const heredocs = heredocsOf(instruction).map(wanted => {
        const { heredoc, next } = readHeredoc(wanted, lines, at + 1, start);
        at = next - 1;
        return heredoc;
      });
      instructions.push({ ...instruction, endLine: Math.min(at + 1, lines.length), heredocs });
      if (instructions.length > MAX_INSTRUCTIONS) throw new SlipwayError('InvalidParameter', `the Dockerfile (${name}) has more than ${MAX_INSTRUCTIONS} instructions`);
    }
    joined = '';
    gap = false;
  }
  if (instructions.length === 0 && text.trim() === '') throw new SlipwayError('InvalidParameter', `the Dockerfile (${name}) cannot be empty`);
  if (instructions.length === 0) throw new DockerfileError('file with no instructions', 1, { syntax: true });
  return { instructions, escape, syntax: directives.get('syntax') ?? '', warnings };
}

/** One instruction's text. Also for `docker commit -c` and for triggers. */
export function parseInstruction(text: string, line: number): Instruction {
  const trimmed = text.trim();
  const word = /^\S+/.exec(trimmed)?.[0] ?? '';
  const name = word.toUpperCase();
  if (!NAMES.includes(name)) throw parseError(line, `unknown instruction: ${word}${nearest(name, NAMES)}`);
  let rest = trimmed.slice(word.length).trim();
  const flags: Record<string, string[]> = {};
  for (let flag = /^--(\S*)\s*/.exec(rest); flag && FLAGS[name]; flag = /^--(\S*)\s*/.exec(rest)) {
    rest = rest.slice(flag[0].length);
    if (flag[1] === '') break;
    const equals = flag[1]!.indexOf('=');
    const key = equals < 0 ? flag[1]! : flag[1]!.slice(0, equals);
    if (!FLAGS[name]!.includes(key)) throw parseError(line, `unknown flag: ${key}${nearest(key, FLAGS[name]!)}`);
    if (equals < 0 && !SWITCHES.includes(key)) throw parseError(line, `missing a value on flag: ${key}`);
    (flags[key] ??= []).push(equals < 0 ? 'true' : flag[1]!.slice(equals + 1));
  }
  if (rest === '' && !['CMD', 'ENTRYPOINT', 'RUN'].includes(name)) throw parseError(line, `${name} requires ${['ADD', 'COPY'].includes(name) ? 'at least two arguments, but only one was provided. Destination could not be determined' : ['FROM'].includes(name) ? 'either one or three arguments' : ['USER', 'WORKDIR', 'STOPSIGNAL', 'MAINTAINER'].includes(name) ? 'exactly one argument' : 'at least one argument'}`);
  return { line, endLine: line, name, flags, rest, original: trimmed, heredocs: [] };
}

export const parseError = (line: number, what: string) => new DockerfileError(`dockerfile parse error on line ${line}: ${what}`, line);

/** The exec form, or undefined when it is none. */
export function jsonForm(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const value = JSON.parse(text) as unknown;
    return Array.isArray(value) && value.every(item => typeof item === 'string') ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Directives come before everything else, each at most once. */
export function directivesOf(lines: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const [at, line] of lines.entries()) {
    const directive = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/.exec(line);
    if (!directive) break;
    const [, name = '', value = ''] = directive;
    if (!DIRECTIVES.includes(name.toLowerCase())) continue;
    if (found.has(name.toLowerCase())) throw new DockerfileError(`only one ${name.toLowerCase()} parser directive can be used`, at, { syntax: true });
    if (name.toLowerCase() === 'escape' && value !== '\\' && value !== '`') throw new DockerfileError(`invalid escape token '${value}' does not match \` or \\`, 0, { syntax: true });
    found.set(name.toLowerCase(), value);
  }
  return found;
}

/** As BuildKit's parser does since Docker 25: one slip of the fingers away. */
export function nearest(name: string, known: readonly string[]): string {
  if (name.length > 20) return '';
  const found = known.map(word => ({ word, slips: distance(name, word) })).sort((a, b) => a.slips - b.slips)[0]!;
  return found.slips < 3 && found.slips < name.length ? ` (did you mean ${found.word}?)` : '';
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}
