// The web process's own words. It does not know who will read them, so `say` makes a text in every language; the gateway (or whoever answers a request)
// takes the reader's with inLanguage. Never imported by app/: a browser gets the words of one language.
import { grading as gradingDe } from './de/grading.ts';
import { lab as labDe } from './de/lab.ts';
import { limits as limitsDe } from './de/limits.ts';
import { ports as portsDe } from './de/ports.ts';
import { preparing as preparingDe } from './de/preparing.ts';
import { grading as gradingEn } from './en/grading.ts';
import { lab as labEn } from './en/lab.ts';
import { limits as limitsEn } from './en/limits.ts';
import { ports as portsEn } from './en/ports.ts';
import { preparing as preparingEn } from './en/preparing.ts';
import { inEvery, type Language, type Text } from './language.ts';
import { translator, type Translate, type Values } from './message.ts';

const english = { ...labEn, ...limitsEn, ...portsEn, ...preparingEn, ...gradingEn } as const;
type Words = typeof english;

const translate: Record<Language, Translate<Words>> = {
  en: translator<Words>(english, 'en'),
  de: translator<Words>({ ...labDe, ...limitsDe, ...portsDe, ...preparingDe, ...gradingDe }, 'de'),
};

/** A value may be a text itself: it goes into the sentence of its own language. */
export function say<K extends keyof Words>(key: K, ...values: Values<Words[K], string | number | Text>): Text {
  return inEvery(language => {
    const own = Object.fromEntries(Object.entries(values[0] ?? {}).map(([name, value]) => [name, typeof value === 'object' ? (value as Text)[language] : value]));
    return (translate[language] as (key: string, values: object) => string)(key, own);
  });
}
