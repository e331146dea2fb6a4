// Code to read or copy, without a run button: output, files, solutions.
'use client';
import { useState, type ReactNode } from 'react';
import { useTexts } from '../language/texts-context.tsx';
import { copyText } from '../lib/clipboard.ts';

export function CodeBlock({ code, language, children }: { code: string; language: string; children: ReactNode }) {
  return (
    <div className="code-block" data-language={language}>
      {children}
      {language !== 'text' && language !== 'console' && <div className="run-actions"><CopyButton code={code} /></div>}
    </div>
  );
}

export function CopyButton({ code }: { code: string }) {
  const t = useTexts();
  const [said, setSaid] = useState<'copied' | 'select' | null>(null);
  const copy = async () => {
    setSaid((await copyText(code)) ? 'copied' : 'select');
    setTimeout(() => setSaid(null), 1800);
  };
  return <button type="button" className="button small quiet" onClick={() => void copy()}><span aria-live="polite">{said === 'copied' ? t('code.copied') : said === 'select' ? t('code.select') : t('code.copy')}</span></button>;
}
