// Whether an answer to a lesson's question is right, what is said to each part of it, and what it is worth. Pure. The only place that turns what the
// author knows into what the learner is told: never more than the answer has earned.
import { isChoice, matchesAnswer, normalAnswer, type Quiz } from '../../lessons/quiz.ts';
import { inEvery, type Language } from '../../texts/language.ts';
import type { QuizState, Said } from '../protocol.ts';

/** What is kept of an answer: the places of the chosen options (they read differently in other languages), or what was typed. */
export interface StoredQuiz { id: string; answer: string[]; right: boolean; got: number; of: number; tries: number; }

/** Undefined when it is no answer to this question. `before` is the last one; a right answer stays. */
export function judge(quiz: Quiz, answer: readonly string[], before: StoredQuiz | undefined): StoredQuiz | undefined {
  if (before?.right) return before;
  const right = isRight(quiz, answer);
  if (right === undefined) return undefined;
  const tries = (before?.tries ?? 0) + 1;
  const worth = tries === 1 ? quiz.points : tries === 2 ? Math.floor(quiz.points / 2) : 0;
  return { id: quiz.id, answer: [...answer], right, got: right ? worth : 0, of: quiz.points, tries };
}

function isRight(quiz: Quiz, answer: readonly string[]): boolean | undefined {
  if (!isChoice(quiz)) return answer.length === 1 && answer[0]!.trim() !== '' ? matchesAnswer(quiz, answer[0]!) : undefined;
  if (answer.length === 0 || new Set(answer).size < answer.length || !answer.every(place => /^\d$/.test(place) && quiz.options[Number(place)]) || (!quiz.many && answer.length > 1)) return undefined;
  return quiz.options.every((option, place) => option.right === answer.includes(String(place)));
}

/** A wrong answer is told what is wrong about what was chosen; a right one hears of all options. `quizIn` is the question as it reads in a language. */
export function stateOf(quizIn: (language: Language) => Quiz, { id, answer, right, got, of, tries }: StoredQuiz): QuizState<Said> {
  const parts = said(quizIn('en'), answer, right);
  const words = parts.map((part, index) => {
    const inLanguage = (language: Language) => said(quizIn(language), answer, right)[index] ?? part;
    return { right: part.right, answer: inEvery(language => inLanguage(language).answer), because: inEvery(language => inLanguage(language).because) };
  });
  return { id, answer, right, tries, points: { got, of }, said: words };
}

function said(quiz: Quiz, answer: readonly string[], right: boolean): QuizState['said'] {
  if (isChoice(quiz)) return quiz.options.filter((_, place) => right || answer.includes(String(place))).map(option => ({ answer: option.answer, right: option.right, because: option.because }));
  const typed = answer[0] ?? '';
  if (right) return [{ answer: quiz.accepts[0]!, right: true, because: quiz.because }];
  return [{ answer: typed, right: false, because: quiz.refuses.find(refused => normalAnswer(refused.answer) === normalAnswer(typed))?.because ?? quiz.otherwise }];
}
