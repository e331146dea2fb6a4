// Heredocs of RUN, COPY and ADD: `<<NAME`, `<<-NAME` (tabs at a line's beginning are dropped), `<<"NAME"` (nothing is expanded). Pure.
// https://docs.docker.com/reference/dockerfile/#here-documents
import { DockerfileError } from './dockerfile-error.ts';
import type { Instruction } from './dockerfile.ts';
import { split } from './words.ts';

export interface Heredoc { name: string; content: string; expand: boolean }
interface Wanted { name: string; expand: boolean; chomp: boolean }

const WITH_HEREDOCS = ['RUN', 'COPY', 'ADD'];
const MARK = /^\d*<<(-?)([^<]+)$/;

/** Those that an instruction's first line announces. */
export function heredocsOf({ name, rest }: Pick<Instruction, 'name' | 'rest'>): Wanted[] {
  if (!WITH_HEREDOCS.includes(name) || !rest.includes('<<') || rest.startsWith('[')) return [];
  return split(rest, undefined, Infinity).flatMap(word => {
    const mark = MARK.exec(word);
    if (!mark) return [];
    const plain = mark[2]!.replace(/["'\\]/g, '');
    return plain === '' || /[\s|&;()<>]/.test(plain) ? [] : [{ name: plain, expand: plain === mark[2], chomp: mark[1] === '-' }];
  });
}

/** From the line `from` (counted from 0) on; `next` is the first line after it. */
export function readHeredoc({ name, expand, chomp }: Wanted, lines: readonly string[], from: number, instructionLine: number): { heredoc: Heredoc; next: number } {
  const body: string[] = [];
  for (let at = from; at < lines.length; at++) {
    const line = chomp ? lines[at]!.replace(/^\t+/, '') : lines[at]!;
    if (line === name) return { heredoc: { name, expand, content: body.map(text => `${text}\n`).join('') }, next: at + 1 };
    body.push(line);
  }
  throw new DockerfileError('unterminated heredoc', instructionLine, { end: Math.max(instructionLine, lines.at(-1) === '' ? lines.length - 1 : lines.length), syntax: true });
}

/** Is this word the name of one of them? */
export const isHeredocMark = (word: string) => MARK.test(word);
