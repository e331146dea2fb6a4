// A question within the text. The page knows the options and not which is right: the server judges, and says why. Answers are kept; a right one stays.
'use client';
import { Check, X } from 'lucide-react';
import { useState, type FormEvent } from 'react';
import type { QuizState, QuizView } from '../../server/protocol.ts';
import { Words } from '../components/words.tsx';
import { useTexts } from '../language/texts-context.tsx';
import { useWorkspace, useWorkspaceClient } from '../workspace/workspace-context.tsx';

export function QuizCard({ quiz }: { quiz: QuizView }) {
  const t = useTexts();
  const client = useWorkspaceClient();
  const state = useWorkspace((s) => s.quizzes[quiz.id]);
  const [chosen, setChosen] = useState<string[] | null>(null);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  const answer = chosen ?? state?.answer ?? [];
  const over = state?.right === true;
  const id = `quiz-${quiz.id}`;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy || over) return;
    setBusy(true);
    setRefusal(null);
    const judged = await client.answerQuiz(quiz.id, answer.filter(Boolean));
    setBusy(false);
    if ('problem' in judged) setRefusal(judged.problem);
    else setChosen(null);
  };
  const toggle = (place: string, on: boolean) => setChosen(quiz.kind === 'many' ? [...answer.filter((one) => one !== place), ...(on ? [place] : [])] : [place]);
  return (
    <form className="quiz" id={id} data-quiz={quiz.id} data-state={over ? 'right' : state ? 'wrong' : 'open'} aria-labelledby={`${id}-question`} onSubmit={(event) => void submit(event)}>
      <p className="label">{t('quiz.label')} · {t('quiz.points', { count: quiz.points })}</p>
      <p className="quiz-question" id={`${id}-question`}><Words text={quiz.question} /></p>
      {quiz.kind === 'many' && <p className="quiz-many">{t('quiz.many')}</p>}
      {quiz.kind === 'typed'
        ? <label className="quiz-typed"><span>{t('quiz.answer')}</span><input type="text" value={answer[0] ?? ''} maxLength={200} disabled={over} autoComplete="off" autoCapitalize="off" spellCheck={false} onChange={(event) => setChosen([event.target.value])} /></label>
        : <fieldset className="quiz-options" disabled={over} aria-labelledby={`${id}-question`}>{quiz.options.map((option, place) => (
          <label key={option} className="quiz-option"><input type={quiz.kind === 'many' ? 'checkbox' : 'radio'} name={id} checked={answer.includes(String(place))} onChange={(event) => toggle(String(place), event.target.checked)} /><span><Words text={option} /></span></label>
        ))}</fieldset>}
      {!over && <button type="submit" className="button small" aria-disabled={busy || answer.filter(Boolean).length === 0}>{busy ? t('quiz.checking') : t('quiz.check')}</button>}
      <div role="status">{state && !chosen && <Outcome state={state} />}</div>
      {refusal && <p className="run-refusal" role="alert">{refusal}</p>}
    </form>
  );
}

function Outcome({ state: { right, said, points, tries } }: { state: QuizState }) {
  const t = useTexts();
  const soFar = !right && said.every((one) => one.right);
  return (
    <div className="quiz-outcome">
      <p><strong>{right ? t('quiz.right') : t('quiz.wrong')}</strong> {soFar && t('quiz.partly')} {right && <>{t('quiz.got', { got: points.got, count: points.of })}, {t('quiz.tries', { count: tries })}.</>}</p>
      <ul>{said.map((one) => (
        <li key={one.answer} data-right={one.right}>{one.right ? <Check size={16} strokeWidth={3} aria-label={t('quiz.was')} /> : <X size={16} strokeWidth={3} aria-label={t('quiz.was-not')} />}<span><strong><Words text={one.answer} /></strong><br /><Words text={one.because} /></span></li>
      ))}</ul>
    </div>
  );
}
