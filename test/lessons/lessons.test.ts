// Every lesson in real labs: an untouched lab passes nothing, each solution ticks its own task and no later one, the other correct ways tick too,
// and each listed wrong turn gets its own message. Commands are run inside the lab by its own docker client.
import { afterEach, describe, expect, test } from 'vitest';
import { loadLessons } from '../../lessons/load.ts';
import type { HastNode, Lesson, Task } from '../../lessons/schema.ts';
import { fill } from '../../server/grading/words.ts';
import { newLearner, type Learner } from './learner.ts';

const { lessons } = await loadLessons('lessons');
let learner: Learner | undefined;
afterEach(async () => {
  await learner?.leaves();
  learner = undefined;
});

describe.each(lessons)('$title', lesson => {
  test('an untouched lab passes nothing, and nothing is said', async () => {
    learner = await newLearner(lesson);
    const states = [...(await learner.states()).values()].map(state => state.state);
    expect(states.every(state => state === 'open' || state === 'locked')).toBe(true);
    expect(learner.notes).toEqual([]);
  });

  test('the images it names are in the library', async () => {
    learner = await newLearner(lesson);
    for (const image of lesson.images) expect(await learner.runs(`docker pull -q ${image}`), image).toMatchObject({ code: 0 });
  });

  test('each solution ticks its own task and leaves every later one untouched', { timeout: 300_000 }, async () => {
    learner = await newLearner(lesson);
    for (const [index, task] of lesson.tasks.entries()) {
      const output = await learner.does(task.solution);
      expect(await learner.reaches(task.id, state => state.state === 'done'), `${task.id}:\n${output}`).toMatchObject({ state: 'done' });
      const states = await learner.states();
      for (const later of lesson.tasks.slice(index + 1)) expect(['open', 'locked'], `${later.id} after ${task.id}: ${JSON.stringify(states.get(later.id))}`).toContain(states.get(later.id)!.state);
    }
    for (const [id, state] of await learner.states()) if (state.state === 'done') expect(state.evidence, id).not.toMatch(/unknown|undefined|\{/);
    console.log(`${lesson.slug}: event to tick, ms: ${learner.delays.map(Math.round).sort((a, b) => a - b).join(' ')}`);
  });

  test('every command that the text offers works where the text offers it', { timeout: 300_000 }, async () => {
    learner = await newLearner(lesson);
    for (const part of walk(lesson.body.children)) {
      if (part.kind === 'run') {
        const command = part.code.includes(' -it ') ? { terminal: part.code, type: ['exit'] } : part.code;
        const { output, code } = await learner.runs(command);
        if (part.task === null) expect({ code, output }, part.code).toMatchObject({ code: 0 }); // within a task an error may be the point
      } else if ((await learner.states()).get(part.task)!.state !== 'done') {
        await done(learner, lesson.tasks.find(task => task.id === part.task)!);
      }
    }
    expect([...(await learner.states()).values()].every(state => state.state === 'done')).toBe(true);
  });

  const ways = lesson.tasks.flatMap((task, index) => task.otherWays.map((way, n) => ({ task, index, way, says: `${task.id}, other way ${n + 1}` })));
  test.each(ways)('$says ticks too', { timeout: 120_000 }, async ({ task, index, way }) => {
    learner = await at(lesson, index);
    const output = await learner.does(way);
    expect(await learner.reaches(task.id, state => state.state === 'done'), output).toMatchObject({ state: 'done' });
  });

  const turns = lesson.tasks.flatMap((task, index) => task.wrong.map(wrong => ({ task, index, wrong, says: `${task.id}, ${wrong.message}` })));
  test.each(turns)('$says gets its own message', { timeout: 120_000 }, async ({ task, index, wrong }) => {
    learner = await at(lesson, index);
    const output = await learner.does(wrong.commands);
    const turn = task.wrongTurns.find(t => t.id === wrong.message)!;
    const state = await learner.reaches(task.id, s => s.state === 'tried' && fits(s.found, turn.found));
    expect(state, output).toMatchObject({ state: 'tried' });
    if (state.state !== 'tried') return;
    expect(fits(state.found, turn.found), `${output}\nfound: ${state.found}\nwanted: ${turn.found}`).toBe(true);
    expect(`${state.expected} ${state.found} ${state.next}`).not.toMatch(/unknown|undefined|[{}]/);
    for (const other of task.wrongTurns) if (other.id !== turn.id) expect(other.found).not.toBe(turn.found);
  });
});

type Part = { kind: 'run'; code: string; task: string | null } | { kind: 'end of task'; task: string };

/** What a reader meets from top to bottom: commands to click, and the ends of tasks. */
function walk(nodes: readonly HastNode[], task: string | null = null): Part[] {
  return nodes.flatMap((node): Part[] => {
    if (node.type !== 'element' || node.tagName === 'x-solution') return [];
    if (node.tagName === 'x-run') return [{ kind: 'run', code: String(node.properties.code), task }];
    if (node.tagName !== 'x-task') return walk(node.children, task);
    const id = String(node.properties.id);
    return [...walk(node.children, id), { kind: 'end of task', task: id }];
  });
}

/** A learner who has done everything before task number `index`. */
async function at(lesson: Lesson, index: number): Promise<Learner> {
  const one = await newLearner(lesson);
  learner = one;
  for (const task of lesson.tasks.slice(0, index)) await done(one, task);
  return one;
}

async function done(one: Learner, task: Task) {
  const output = await one.does(task.solution);
  const state = await one.reaches(task.id, s => s.state === 'done');
  if (state.state !== 'done') throw new Error(`the solution of ${task.id} did not tick it: ${JSON.stringify(state)}\n${output}`);
}

/** Whether a text came from a template: its fixed parts are there, in order, with something between them. */
function fits(text: string, template: string): boolean {
  const parts = fill(template, { seq: 0 }).split('unknown').map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^]+')}$`).test(text);
}
