// A question with options, or with a pattern for what is typed. Part of tasks.yaml (schema.ts); judged by server/quiz, which alone sees what is right:
// the page is given the question and the options' texts. Patterns are RE2's, which take time in proportion to the text whatever the author wrote.
import { RE2JS } from 're2js';
import { z } from 'zod';

const text = z.string().trim().min(1);
/** What a learner may type as an answer. */
export const ANSWER_CHARACTERS = 200;

const optionSchema = z.strictObject({
  answer: text.max(200).describe('The option, as the learner reads it.'),
  right: z.boolean().default(false).describe('Whether it is a right one.'),
  because: text.max(400).describe('Said after it was chosen: why it is right, or what is wrong about it.'),
});
const common = {
  id: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'use small letters, digits and dashes, beginning with a letter'),
  question: text.max(400),
  points: z.number().int().min(1).max(20).default(1).describe('For a right answer at the first try; half of them at the second, none later.'),
};
export const choiceSchema = z.strictObject({
  ...common,
  options: z.array(optionSchema).min(2).max(8),
  many: z.boolean().default(false).describe('Several are right, and all of them must be ticked.'),
}).superRefine(({ options, many }, context) => {
  const right = options.filter(option => option.right).length;
  if (right === 0) context.addIssue({ code: 'custom', path: ['options'], message: 'no option is right: write right: true beside one' });
  if (right > 1 && !many) context.addIssue({ code: 'custom', path: ['options'], message: `${right} options are right, so write many: true` });
  if (new Set(options.map(option => option.answer)).size < options.length) context.addIssue({ code: 'custom', path: ['options'], message: 'two options are the same' });
});
export const typedSchema = z.strictObject({
  ...common,
  pattern: text.max(200).describe('A regular expression (RE2) that the whole answer must match; capitals and spaces at the ends do not matter.'),
  accepts: z.array(text).min(1).describe('Answers that must be right; tried by lesson check. The first is shown after a right answer.'),
  because: text.max(400).describe('Said after a right answer.'),
  refuses: z.array(z.strictObject({ answer: text, because: text.max(400) })).default([]).describe('Wrong answers to expect, each with what to say to it.'),
  otherwise: text.max(400).describe('Said to every other wrong answer: where to look.'),
}).superRefine((quiz, context) => {
  const fault = (path: PropertyKey[], message: string) => context.addIssue({ code: 'custom', path: [...path], message });
  try {
    quiz.accepts.forEach((answer, index) => { if (!matchesAnswer(quiz, answer)) fault(['accepts', index], `“${answer}” does not match the pattern`); });
    quiz.refuses.forEach(({ answer }, index) => { if (matchesAnswer(quiz, answer)) fault(['refuses', index], `“${answer}” is to be wrong, and matches the pattern`); });
  } catch (error) {
    fault(['pattern'], `this pattern cannot be read: ${(error as Error).message}`);
  }
});
export type Choice = z.output<typeof choiceSchema>;
export type Typed = z.output<typeof typedSchema>;
export type Quiz = Choice | Typed;

/** By the key that only one of the two has, so that a mistake is told where it is. */
export const quizSchema: z.ZodType<Quiz> = z.unknown().transform((value, context): Quiz => {
  const keys = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  const schema: z.ZodType<Quiz> | undefined = keys.includes('options') ? choiceSchema : keys.includes('pattern') ? typedSchema : undefined;
  const parsed = schema?.safeParse(value);
  if (parsed?.success) return parsed.data;
  if (!parsed) context.addIssue({ code: 'custom', message: 'a quiz has options to choose from, or a pattern for what is typed' });
  else for (const issue of parsed.error.issues) context.addIssue({ code: 'custom', message: issue.message, path: issue.path });
  return z.NEVER;
});

export const isChoice = (quiz: Quiz): quiz is Choice => 'options' in quiz;

export const normalAnswer = (answer: string) => answer.trim().replace(/\s+/g, ' ').toLowerCase();
export function matchesAnswer({ pattern }: Pick<Typed, 'pattern'>, answer: string): boolean {
  return RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE).matches(answer.trim().replace(/\s+/g, ' '));
}
