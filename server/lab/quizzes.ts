// The learner's answers to a lesson's questions: kept with the workspace, not with a lab, so a reset does not touch them. Owned by workspace.ts.
import { type Lesson, lessonIn } from '../../lessons/schema.ts';
import { say } from '../../texts/server.ts';
import type { Store } from '../data/store.ts';
import type { QuizState, Said } from '../protocol.ts';
import { judge, stateOf, type StoredQuiz } from '../quiz/judge.ts';
import type { Announce } from './announce.ts';
import { Refusal } from './refusal.ts';

export interface QuizzesOptions {
  workspace: string;
  store: Store;
  announce: Announce;
  /** As it is now: its author may change it. */
  lesson: () => Lesson;
}

export class Quizzes {
  private readonly options: QuizzesOptions;
  private answered = new Map<string, StoredQuiz>();

  constructor(options: QuizzesOptions) { this.options = options; }

  /** Those that have been answered, in the lesson's order. */
  get states(): QuizState<Said>[] {
    return this.options.lesson().quizzes.flatMap(quiz => this.answered.get(quiz.id) ?? []).map(stored => this.stateOf(stored));
  }

  async load() {
    this.answered = new Map((await this.options.store.quizzes(this.options.workspace)).map(quiz => [quiz.id, quiz]));
  }

  /** Judges an answer; the learner's other tabs hear of it. */
  async answer(id: string, answer: readonly string[]): Promise<QuizState<Said>> {
    const quiz = this.options.lesson().quizzes.find(one => one.id === id);
    const stored = quiz && judge(quiz, answer, this.answered.get(id));
    if (!stored) throw new Refusal(say('quiz.noAnswer'));
    this.answered.set(id, stored);
    await this.options.store.saveQuiz(this.options.workspace, stored);
    const state = this.stateOf(stored);
    this.options.announce('quiz:progress', state);
    return state;
  }

  private stateOf(stored: StoredQuiz): QuizState<Said> {
    return stateOf(language => lessonIn(this.options.lesson(), language).quizzes.find(quiz => quiz.id === stored.id)!, stored);
  }
}
