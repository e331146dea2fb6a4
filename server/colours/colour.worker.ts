// The process that colours code with shiki, without WebAssembly. A process and no thread of the web process: its grammars take 40 MB, which are given
// back when it ends. Started and ended by colours.ts. The colours are CSS variables (app/styles/lesson.css), so one answer serves light and dark.
import { createCssVariablesTheme, createHighlighterCore } from 'shiki/core';
import { createJavaScriptRegexEngine } from 'shiki/engine/javascript';

export interface ToColour { id: string; code: string; language: string }
export interface FromColour { id: string; pre: unknown }

const shiki = await createHighlighterCore({
  themes: [createCssVariablesTheme({ name: 'slipway', variablePrefix: '--code-' })],
  langs: [import('shiki/langs/bash.mjs'), import('shiki/langs/shellsession.mjs'), import('shiki/langs/docker.mjs'), import('shiki/langs/json.mjs'), import('shiki/langs/yaml.mjs')],
  engine: createJavaScriptRegexEngine(),
});
const KNOWN: Record<string, string> = { bash: 'bash', sh: 'bash', shell: 'bash', console: 'shellsession', dockerfile: 'docker', docker: 'docker', json: 'json', yaml: 'yaml', yml: 'yaml' };

process.on('message', ({ id, code, language }: ToColour) => {
  // A language that shiki was not given is shown plain.
  const pre = shiki.codeToHast(code.replace(/\n$/, ''), { lang: KNOWN[language] ?? 'text', theme: 'slipway' }).children;
  process.send!({ id, pre } satisfies FromColour);
});
process.on('disconnect', () => process.exit(0));
process.send!('ready');
