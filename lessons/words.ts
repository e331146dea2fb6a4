// The few words that the format itself puts into a lesson's text, in the language of that text.
import { inEvery, type Text } from '../texts/language.ts';

export const callouts: Record<string, Text> = {
  note: { en: 'Note', de: 'Hinweis' },
  warning: { en: 'Careful', de: 'Vorsicht' },
  hood: { en: 'Under the hood', de: 'Unter der Haube' },
};
export const hint: Text = { en: 'Hint', de: 'Tipp' };
/** In a solution, where keys are pressed rather than typed. */
export const keys: Record<string, Text> = {
  '^P^Q': { en: '# press Ctrl-P, then Ctrl-Q', de: '# Strg-P drücken, dann Strg-Q' },
  '^D': { en: '# press Ctrl-D', de: '# Strg-D drücken' },
  '^C': { en: '# press Ctrl-C', de: '# Strg-C drücken' },
};
export const port = (port: number): Text => inEvery(() => `Port ${port}`);
