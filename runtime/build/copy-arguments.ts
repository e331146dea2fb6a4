// The words of COPY and ADD: what is copied where, and as whose. Pure. Used by both builders.
import { SlipwayError } from '../errors.ts';
import { jsonForm, parseError, type Instruction } from './dockerfile.ts';
import { split } from './words.ts';

export interface CopyArguments {
  sources: string[];
  /** As written. */
  target: string;
  /** Absolute; a last slash means a directory. */
  destination: string;
  chown: string;
  chmod: string;
}

/** `word` replaces variables. `several`: more than one source may go to what is no directory by its name; the last one wins there. */
export function copyArguments({ name, flags, rest, line }: Instruction, workingDir: string, escape: string, word: (text: string) => string, { several = false } = {}): CopyArguments {
  const words = (jsonForm(rest) ?? split(rest, escape)).map(word);
  if (words.length < 2) throw parseError(line, `${name} requires at least two arguments`);
  const sources = words.slice(0, -1);
  const target = words.at(-1)!;
  if (!several && sources.length > 1 && !target.endsWith('/')) throw new SlipwayError('InvalidParameter', `When using ${name} with more than one source file, the destination must be a directory and end with a /`);
  const chmod = word(flags.chmod?.[0] ?? '');
  if (chmod && !/^[0-7]{1,5}$/.test(chmod) && !/^[ugoa]*[-+=][rwxXstugo]*(,[ugoa]*[-+=][rwxXstugo]*)*$/.test(chmod)) throw new SlipwayError('InvalidParameter', `invalid chmod parameter: '${chmod}'. it should be octal string and between 0 and 07777`);
  const path = target.startsWith('/') ? target : `${workingDir || '/'}/${target.replace(/^\.\/?$/, '')}`.replace(/\/+/g, '/');
  const isDirectory = /(^|\/)\.{0,2}$/.test(target) && !/[^/.]$/.test(target);
  return { sources, target, destination: isDirectory && !path.endsWith('/') ? `${path}/` : path, chown: word(flags.chown?.[0] ?? ''), chmod };
}

export const isUrl = (source: string) => /^(https?|ftp|git|ssh):\/\/|^git@/.test(source);
