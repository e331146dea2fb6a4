// Makes a new lab what its lesson wants it to be, before the learner sees it: lays in the lesson's files, runs its set-up, and for "Start here" does the
// tasks before that one. Also lays files anew when their author has saved them. Called by workspace.ts and by authoring/; works as the lab's own
// root through the engine, so that a lesson reaches no further than its learner could.
import { dirname } from 'node:path';
import { pack } from 'tar-stream';
import { readLessonFile } from '../../lessons/files.ts';
import type { Lesson, Task } from '../../lessons/schema.ts';
import type { HostRef } from '../../runtime/kernel/protocol.ts';
import { inEvery, type Text } from '../../texts/language.ts';
import { say } from '../../texts/server.ts';
import { type Exec, runAsLearner, runCommand, runProgram } from './commands.ts';

/** What a lesson wants; a lesson without any of it costs nothing. */
export type Prepared = Pick<Lesson, 'root' | 'folder' | 'files' | 'setup' | 'translations'>;

export interface Preparation {
  exec: Exec;
  at: HostRef;
  lesson: Prepared;
  /** Tasks to do for the learner, in this order. */
  replay?: readonly Pick<Task, 'id' | 'title' | 'solution'>[];
  onDoing?: (words: Text) => void;
  signal?: AbortSignal;
}

/** The lesson, not the machine, is to blame: its author has to mend it. */
export class PreparationError extends Error {
  readonly step: string;
  constructor(step: string, why: string) {
    super(`the lesson could not prepare its lab: ${step}\n${why}`);
    this.step = step;
  }
}

/** Throws PreparationError; the lab is then neither prepared nor untouched, and best thrown away. */
export async function prepareLab({ exec, at, lesson, replay = [], onDoing, signal }: Preparation): Promise<void> {
  if (lesson.files.list.length > 0) {
    onDoing?.(say('prepare.files'));
    await layFiles(exec, at, lesson, lesson.files.list);
  }
  for (const [index, { run, says }] of lesson.setup.entries()) {
    signal?.throwIfAborted();
    onDoing?.(says ? say('prepare.says', { says: inEvery(language => lesson.translations?.[language]?.setup[index]?.says || says) }) : say('prepare.setup', { step: index + 1, of: lesson.setup.length }));
    const { code, output } = await runCommand(exec, at, run);
    if (code !== 0) throw new PreparationError(run, `it ended with exit code ${code}: ${output.trim()}`);
  }
  for (const [index, { id, title: source, solution }] of replay.entries()) {
    signal?.throwIfAborted();
    const title = inEvery(language => lesson.translations?.[language]?.tasks.find(task => task.id === id)?.title ?? source);
    onDoing?.(say('prepare.replay', { step: index + 1, of: replay.length, title }));
    for (const command of solution) await runAsLearner(exec, at, command);
  }
}

/** Lays anew what has changed in the lesson, unless the learner has changed or removed it: their work is theirs. Answers what was laid. */
export async function layChanged(exec: Exec, at: HostRef, before: Prepared, lesson: Prepared): Promise<string[]> {
  const was = before.files.to === lesson.files.to ? new Map(before.files.list.map(file => [file.path, file])) : new Map();
  const changed = lesson.files.list.filter(file => was.get(file.path)?.digest !== file.digest || was.get(file.path)?.mode !== file.mode);
  if (changed.length === 0) return [];
  // What is missing is complained of on the other stream, whose pieces could come in the middle of a line of this one.
  const { output } = await runProgram(exec, { ...at, argv: ['/bin/sh', '-c', 'exec sha256sum -- "$@" 2>/dev/null', 'sh', ...changed.map(file => `${lesson.files.to}/${file.path}`)] });
  const there = new Map([...output.matchAll(/^([0-9a-f]{64}) {2}(.+)$/gm)].map(([, digest, path]) => [path!, digest!]));
  const untouched = changed.filter(file => there.get(`${lesson.files.to}/${file.path}`) === was.get(file.path)?.digest);
  if (untouched.length > 0) await layFiles(exec, at, lesson, untouched);
  return untouched.map(file => file.path);
}

async function layFiles(exec: Exec, at: HostRef, { root, folder, files }: Prepared, list: Prepared['files']['list']) {
  const [uid, gid] = files.owner.split(':').map(Number) as [number, number];
  const archive = pack();
  const chunks: Buffer[] = [];
  archive.on('data', chunk => chunks.push(chunk as Buffer));
  const packed = new Promise<void>((resolve, reject) => archive.on('end', resolve).on('error', reject));
  const folders = new Set(list.flatMap(file => foldersOf(file.path)));
  const owner = { uid, gid, mtime: new Date() };
  for (const name of [...folders].sort()) archive.entry({ name: `${name}/`, type: 'directory', mode: 0o755, ...owner });
  for (const { path, mode } of list) archive.entry({ name: path, mode, ...owner }, await readLessonFile(root, folder, path));
  archive.finalize();
  await packed;
  const script = '[ -d "$1" ] || { mkdir -p "$1" && chown "$2" "$1"; } && exec tar -xpf - -C "$1"';
  const { code, output } = await runProgram(exec, { ...at, argv: ['/bin/sh', '-c', script, 'sh', files.to, files.owner], deadlineMs: 30_000 }, Buffer.concat(chunks));
  if (code !== 0) throw new PreparationError(`files/ into ${files.to}`, output.trim());
}

function foldersOf(path: string): string[] {
  const above = dirname(path);
  return above === '.' ? [] : [...foldersOf(above), above];
}
