// What a lesson has to prove in real labs, as a list of cases, each of which throws, in words, when the lesson is not as it says. They may all be begun at once:
// each waits for a lab of its own, or for what becomes of it on somebody's way through the lesson (along.ts).
// Run by `slipway lesson check` (check.ts) and by test/lessons. `path` is the place in tasks.yaml that a failure is about; `setup` and `text` are lesson.md.
import type { HastNode, Lesson, Task } from '../../lessons/schema.ts';
import { fill } from '../grading/words.ts';
import { along, type Try } from './along.ts';
import type { AtOnce } from './at-once.ts';
import { newLearner, type Learner } from './learner.ts';
import { isDone, mustBeDone, solve, solveFrom } from './solve.ts';

export interface Case { says: string; path: PropertyKey[]; run: () => Promise<void>; }

/** Those whose names have `only` in them. */
export function casesOf(lesson: Lesson, atOnce: AtOnce, only = ''): Case[] {
  const tried = (says: string, path: PropertyKey[], work: (learner: Learner) => Promise<void>): Case => ({
    says, path,
    run: () => atOnce(async () => {
      const learner = await newLearner(lesson);
      try {
        await work(learner);
      } finally {
        await learner.leaves();
      }
    }),
  });
  /** The first of each task are tried by one learner, the second by another, and so on. */
  const triedAlong = (ofTask: (task: Task, index: number) => Try[]): Case[] => {
    const tries = lesson.tasks.map((task, index) => ofTask(task, index).filter(one => one.says.includes(only)));
    const rounds = Array.from({ length: Math.max(0, ...tries.map(list => list.length)) }, (_, n) => tries.flatMap(list => list.slice(n, n + 1)));
    return rounds.flatMap(round => along(lesson, round, atOnce).map((run, n) => ({ says: round[n]!.says, path: round[n]!.path, run })));
  };
  const cases: Case[] = [
    ...triedAlong((task, index) => task.otherWays.map((way, n) => ({
      says: `${task.id}, other way ${n + 1} ticks too`, path: ['tasks', index, 'otherWays', n], index,
      async work(learner) {
        const output = await learner.does(way);
        mustBeDone(task, await learner.reaches(task.id, isDone), output);
      },
    }))),
    ...triedAlong((task, index) => task.wrong.map((wrong, n) => ({ says: `${task.id}, ${wrong.message} gets its own message`, path: ['tasks', index, 'wrong', n], index, work: learner => wrongTurn(task, wrong, learner) }))),
    ...(lesson.setup.length + lesson.files.list.length > 0 ? [tried('the set-up runs to its end, and the files lie where they belong', ['setup'], learner => prepared(lesson, learner))] : []),
    tried('an untouched lab passes nothing, and nothing is said', [], untouched),
    ...lesson.images.map(image => tried(`image ${image} is in the library`, [], async learner => {
      const { code, output } = await learner.runs(`docker pull -q ${image}`);
      if (code !== 0) throw new Error(`docker pull ${image}: ${output.trim()}`);
    })),
    tried('each solution ticks its own task and leaves every later one untouched', ['tasks'], learner => solutions(lesson, learner)),
    tried('every command that the text offers works where the text offers it', ['text'], learner => offered(lesson, learner)),
    ...lesson.tasks.flatMap((task, index) => (task.fail ? [tried(`${task.id} fails, is reset, and can be done`, ['tasks', index, 'fail'], async learner => {
      await solveFrom(lesson, learner, 0, index);
      await failure(task, task.fail!, learner);
    })] : [])),
  ];
  return cases.filter(({ says }) => says.includes(only));
}

/** newLearner has run the set-up, and throws when a step fails. */
async function prepared(lesson: Lesson, learner: Learner) {
  for (const { path, digest, mode } of lesson.files.list) {
    const { output } = await learner.runs(`f=${quoted(`${lesson.files.to}/${path}`)}; sha256sum < "$f"; stat -c '%a %u:%g' "$f"`);
    const [sum = '', rights = ''] = output.split('\n');
    if (!sum.startsWith(digest) || rights !== `${mode.toString(8)} ${lesson.files.owner}`) throw new Error(`files/${path} is not in the lab as it should be: ${output.trim()}`);
  }
}

async function untouched(learner: Learner) {
  for (const [id, { state }] of await learner.states()) if (state !== 'open' && state !== 'locked') throw new Error(`task ${id} is ${state} before anything was done`);
  if (learner.notes.length > 0) throw new Error(`something is explained before anything was done: ${learner.notes[0]!.title}`);
}

async function solutions(lesson: Lesson, learner: Learner) {
  for (const [index, task] of lesson.tasks.entries()) {
    const output = await learner.does(task.solution);
    mustBeDone(task, await learner.reaches(task.id, isDone), output);
    const states = await learner.states();
    for (const later of lesson.tasks.slice(index + 1)) {
      const state = states.get(later.id)!;
      if (state.state !== 'open' && state.state !== 'locked') throw new Error(`the solution of ${task.id} also touches ${later.id}: ${JSON.stringify(state)}`);
    }
  }
  for (const [id, state] of await learner.states()) if (state.state === 'done' && hasGaps(state.evidence, lesson.tasks.find(task => task.id === id)!.done)) throw new Error(`the evidence of ${id} has gaps: ${state.evidence}`);
}

async function offered(lesson: Lesson, learner: Learner) {
  for (const part of walk(lesson.body.children)) {
    if (part.kind === 'run') {
      // A terminal of its own is for what goes on until it is stopped.
      const command = part.named ? { terminal: part.code, type: ['^C'] } : part.code.includes(' -it ') ? { terminal: part.code, type: ['exit'] } : part.code;
      const { output, code } = await learner.runs(command);
      if (part.task === null && !part.named && !part.paste && code !== 0) throw new Error(`${part.code}\nends with exit code ${code}:\n${output}`); // within a task an error may be the point
    } else if (part.kind === 'open') {
      // Without a line the learner may be meant to make it.
      const { code } = await learner.runs(`f=${quoted(part.file)}; [ -d "$(dirname "$f")" ] && { [ ! -e "$f" ] && [ ${part.line} -eq 0 ] || [ -f "$f" ] && [ "$(grep -c '' "$f")" -ge ${part.line} ]; }`);
      if (code !== 0) throw new Error(`::open: ${part.file}${part.line > 0 ? ` has no line ${part.line}, or is not there` : ' is in no folder that is there'} when the reader comes to it`);
    } else if ((await learner.states()).get(part.task)!.state !== 'done') {
      await solve(learner, lesson.tasks.find(task => task.id === part.task)!);
    }
  }
  for (const [id, state] of await learner.states()) if (state.state !== 'done') throw new Error(`task ${id} is ${state.state} at the end of the text`);
}

async function wrongTurn(task: Task, wrong: Task['wrong'][number], learner: Learner) {
  const output = await learner.does(wrong.commands);
  const turn = task.wrongTurns.find(t => t.id === wrong.message)!;
  const state = await learner.reaches(task.id, s => s.state === 'tried' && fits(s.found, turn.found));
  if (state.state !== 'tried') throw new Error(`the task is ${state.state} and says nothing\n${output}`);
  if (!fits(state.found, turn.found)) throw new Error(`says: ${state.found}\nnot:  ${turn.found}\n${output}`);
  for (const field of ['expected', 'found', 'next'] as const) {
    if (hasGaps(state[field], turn[field] ?? task.expected)) throw new Error(`the message has gaps: ${state[field]}`);
  }
  for (const other of task.wrongTurns) if (other.id !== turn.id && other.found === turn.found) throw new Error(`${other.id} and ${turn.id} say the same`);
}

async function failure(task: Task, fail: NonNullable<Task['fail']>, learner: Learner) {
  const output = await learner.does(fail.tried);
  const state = await learner.reaches(task.id, s => s.state === 'failed');
  if (state.state !== 'failed') throw new Error(`the task is ${state.state} after what should make it fail\n${output}`);
  if (hasGaps(state.found, fail.found)) throw new Error(`the message has gaps: ${state.found}`);
  await learner.resets(task.id);
  const begun = (await learner.states()).get(task.id)!;
  if (begun.state !== 'open') throw new Error(`the task is ${begun.state} after its reset${begun.state === 'failed' ? `: ${begun.found}` : ''}`);
  await solve(learner, task);
}

type Part = { kind: 'run'; code: string; named: boolean; paste: boolean; task: string | null } | { kind: 'open'; file: string; line: number } | { kind: 'end of task'; task: string };

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** What a reader meets from top to bottom: commands to click, files to open, and the ends of tasks. */
function walk(nodes: readonly HastNode[], task: string | null = null): Part[] {
  return nodes.flatMap((node): Part[] => {
    if (node.type !== 'element' || node.tagName === 'x-solution') return [];
    if (node.tagName === 'x-run') return [{ kind: 'run', code: String(node.properties.code), named: node.properties.terminal !== undefined, paste: node.properties.paste === true, task }];
    if (node.tagName === 'x-open') return [{ kind: 'open', file: String(node.properties.file), line: Number(node.properties.line ?? 0) }];
    if (node.tagName !== 'x-task') return walk(node.children, task);
    const id = String(node.properties.id);
    return [...walk(node.children, id), { kind: 'end of task', task: id }];
  });
}

/** Whether a text came from a template: its fixed parts are there, in order, with something between them. */
const fits = (text: string, template: string) => shapeOf(template).test(text);
/** Whether something that the template quotes was not to be had. (Docker itself may well say "manifest unknown".) */
const hasGaps = (text: string, template: string) => (shapeOf(template).exec(text) ?? [text, 'unknown']).slice(1).includes('unknown');

function shapeOf(template: string): RegExp {
  const parts = fill(template, { seq: 0 }).split('unknown').map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('([^]+)')}$`);
}
