// The languages that Slipway speaks, and which of them a reader gets: the one they chose (a cookie), else what the browser asks for, else the source.
// Imported by site, server and lessons alike; imports nothing.

/** `tag` is what <html lang> and Intl are told. */
export const LANGUAGES = {
  en: { name: 'English', tag: 'en-GB' },
  de: { name: 'Deutsch', tag: 'de-DE' },
} as const;
export type Language = keyof typeof LANGUAGES;
export const languages = Object.keys(LANGUAGES) as Language[];

/** Texts are written in it first; whatever is missing elsewhere is shown in it. */
export const SOURCE = 'en' satisfies Language;

/** A text in every language: what the server keeps and passes about until it knows who reads it. */
export type Text = Readonly<Record<Language, string>>;

export const inEvery = (make: (language: Language) => string): Text => Object.fromEntries(languages.map(language => [language, make(language)])) as Text;

export const isLanguage = (value: string | undefined | null): value is Language => value !== undefined && value !== null && Object.hasOwn(LANGUAGES, value);

/** Not secret and not HttpOnly: the switch in the header sets it in the browser. */
export const LANGUAGE_COOKIE = 'slipway_language';

export function chooseLanguage(cookieHeader: string | undefined | null, acceptLanguage: string | undefined | null): Language {
  const chosen = new RegExp(`(?:^|;)\\s*${LANGUAGE_COOKIE}=([a-z]+)`).exec(cookieHeader ?? '')?.[1];
  if (isLanguage(chosen)) return chosen;
  const asked = (acceptLanguage ?? '').split(',').slice(0, 20)
    .map(part => { const [tag = '', ...rest] = part.trim().toLowerCase().split(';'); return { tag, weight: Number(/^\s*q=([\d.]+)/.exec(rest.join(';'))?.[1] ?? 1) }; })
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight);
  for (const { tag } of asked) {
    const language = tag.split('-')[0];
    if (isLanguage(language)) return language;
  }
  return SOURCE;
}

export type InOne<V> = V extends Text ? string : V extends (...args: never[]) => unknown ? V : V extends object ? { [K in keyof V]: InOne<V[K]> } : V;

/** The same value with each Text in it replaced by what one reader reads. Plain strings (written down by an earlier version) stay as they are. */
export function inLanguage<V>(value: V, language: Language): InOne<V> {
  if (value === null || typeof value !== 'object') return value as InOne<V>;
  if (isText(value)) return (value[language] ?? value[SOURCE]) as InOne<V>;
  if (Array.isArray(value)) return value.map(item => inLanguage(item, language)) as InOne<V>;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inLanguage(item, language)])) as InOne<V>;
}

/** A language that was added since it was written down may be missing. */
function isText(value: object): value is Text {
  const entries = Object.entries(value);
  return Object.hasOwn(value, SOURCE) && entries.every(([key, text]) => isLanguage(key) && typeof text === 'string');
}
