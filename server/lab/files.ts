// Text files of a lab, read and written for the page's editor as the lab's own root, through programs in the lab. What comes out is the learner's
// word about their own files. Nothing is overwritten that has changed since it was read.
import { createHash } from 'node:crypto';
import type { HostRef } from '../../runtime/kernel/protocol.ts';
import { say } from '../../texts/server.ts';
import type { FileView } from '../protocol.ts';
import { type Exec, runProgram } from './commands.ts';
import { Refusal } from './refusal.ts';

export const MAX_FILE_BYTES = 1 << 20;
const DEADLINE_MS = 10_000;

/** One word, then the content. A pipe or a device would be read for ever: only what is a file. */
const READ = `f=$1
[ -e "$f" ] || { [ -d "$(dirname "$f")" ] && echo none || echo nowhere; exit 0; }
[ -f "$f" ] || { echo other; exit 0; }
echo file
exec head -c ${MAX_FILE_BYTES + 1} -- "$f"`;

/** Beside it first, so that a full disk costs nothing; then into it, so that a container that has it mounted sees the change. */
const SAVE = `f=$1; was=$2
new=$(mktemp "$f.XXXXXX") && cat > "$new" || { rm -f "$new"; echo failed; exit 0; }
is=none; [ -e "$f" ] && is=$(sha256sum < "$f" | cut -c1-64)
[ "$is" = "$was" ] || { rm -f "$new"; echo changed; exit 0; }
cat "$new" > "$f" && echo saved || echo failed
rm -f "$new"`;

/** Refuses, in words, what is no text file of at most 1 MiB. A file that is not there yet is empty and has no version. */
export async function readFile(exec: Exec, at: HostRef, path: string): Promise<FileView> {
  const { bytes, code } = await runProgram(exec, { ...at, argv: ['/bin/sh', '-c', READ, 'sh', path], deadlineMs: DEADLINE_MS });
  const end = bytes.indexOf(10);
  const kind = bytes.subarray(0, Math.max(0, end)).toString();
  if (kind === 'none') return { path, text: '', version: null };
  if (kind === 'nowhere') throw new Refusal(say('file.nowhere', { path }));
  if (kind !== 'file' || code !== 0) throw new Refusal(say('file.unreadable', { path }));
  const content = bytes.subarray(end + 1);
  if (content.length > MAX_FILE_BYTES) throw new Refusal(say('file.tooLarge', { path }));
  return { path, text: textOf(content, path), version: versionOf(content) };
}

export async function saveFile(exec: Exec, at: HostRef, { path, text, version }: FileView): Promise<{ saved: string } | { conflict: FileView }> {
  const content = Buffer.from(text);
  if (content.length > MAX_FILE_BYTES) throw new Refusal(say('file.tooLarge', { path }));
  const { output } = await runProgram(exec, { ...at, argv: ['/bin/sh', '-c', SAVE, 'sh', path, version ?? 'none'], deadlineMs: DEADLINE_MS }, content);
  const word = output.trim().split('\n').at(-1);
  if (word === 'saved') return { saved: versionOf(content) };
  if (word === 'changed') return { conflict: await readFile(exec, at, path) };
  throw new Refusal(say('file.notSaved', { path }));
}

const versionOf = (content: Buffer) => createHash('sha256').update(content).digest('hex');

function textOf(content: Buffer, path: string): string {
  try {
    if (content.includes(0)) throw new TypeError('a NUL');
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    throw new Refusal(say('file.noText', { path }));
  }
}
