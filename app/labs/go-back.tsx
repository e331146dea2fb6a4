// The way back to what this browser had before it opened a resume link; and from there forth again.
'use client';
import { useState } from 'react';
import { useTexts } from '../language/texts-context.tsx';
import { ask } from '../lib/ask.ts';

export function GoBack() {
  const t = useTexts();
  const [problem, setProblem] = useState<string | null>(null);
  const back = async () => {
    const answer = await ask('resume/back');
    if (answer.ok) location.reload();
    else setProblem(answer.problem ?? t('resume.late'));
  };
  return (
    <div className="labs-before">
      <p>{t('labs.before')}{problem && <strong role="alert"> {problem}</strong>}</p>
      <button type="button" className="button small" onClick={() => void back()}>{t('labs.goBack')}</button>
    </div>
  );
}
