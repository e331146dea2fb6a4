// Colours code on the server with shiki, without WebAssembly. The colours are CSS variables (styles/lesson.css), so one answer serves light and dark.
import { createCssVariablesTheme, createHighlighterCore } from 'shiki/core';
import { createJavaScriptRegexEngine } from 'shiki/engine/javascript';

const highlighter = createHighlighterCore({
  themes: [createCssVariablesTheme({ name: 'slipway', variablePrefix: '--code-' })],
  langs: [import('shiki/langs/bash.mjs'), import('shiki/langs/shellsession.mjs'), import('shiki/langs/docker.mjs'), import('shiki/langs/json.mjs'), import('shiki/langs/yaml.mjs')],
  engine: createJavaScriptRegexEngine(),
});
const KNOWN: Record<string, string> = { bash: 'bash', sh: 'bash', shell: 'bash', console: 'shellsession', dockerfile: 'docker', docker: 'docker', json: 'json', yaml: 'yaml', yml: 'yaml' };

/** HAST of a `pre`; a language that shiki was not given is shown plain. */
export async function highlight(code: string, language: string) {
  const shiki = await highlighter;
  return shiki.codeToHast(code.replace(/\n$/, ''), { lang: KNOWN[language] ?? 'text', theme: 'slipway' });
}
