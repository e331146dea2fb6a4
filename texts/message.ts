// How a text of the catalogue becomes a sentence: `{name}` is filled in, numbers are written as the language does, and of a text with plural forms
// the one for `count` is taken. Pure data in, string out; the browser gets the catalogue of one language and these lines.
import { LANGUAGES, type Language } from './language.ts';

/** Forms by Intl.PluralRules; `{count}` is the number. English and German need two. */
export interface Plural { one: string; other: string; }
export type Message = string | Plural;
export type Catalogue = Readonly<Record<string, Message>>;

/** What a translation of C must have: the same keys, and forms where C has forms. */
export type Translation<C extends Catalogue> = { readonly [K in keyof C]: C[K] extends string ? string : Plural };

type NamesIn<S> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never;
export type Names<M> = M extends string ? NamesIn<M> : M extends Plural ? 'count' | NamesIn<M['one'] | M['other']> : never;
/** The values a text needs, by the names that stand in its English form. */
export type Values<M, V = string | number> = [Names<M>] extends [never] ? [] : [values: { [N in Names<M>]: M extends Plural ? (N extends 'count' ? number : V) : V }];

export interface Translate<C extends Catalogue> {
  <K extends keyof C & string>(key: K, ...values: Values<C[K]>): string;
  readonly language: Language;
  /** For Intl. */
  readonly tag: string;
  /** The text's parts in order, with values that need not be strings: for sentences with something marked in them. */
  parts<K extends keyof C & string, V>(key: K, ...values: Values<C[K], V | string | number>): (string | V)[];
}

export function translator<C extends Catalogue>(catalogue: Translation<C>, language: Language): Translate<C> {
  const { tag } = LANGUAGES[language];
  const numbers = new Intl.NumberFormat(tag);
  const plurals = new Intl.PluralRules(tag);
  const parts = (key: keyof C, values: Record<string, unknown> = {}) => {
    const message: Message = catalogue[key];
    const text = typeof message === 'string' ? message : message[plurals.select(Number(values.count)) === 'one' ? 'one' : 'other'];
    return text.split(/\{([^{}]+)\}/).map((part, index) => {
      if (index % 2 === 0) return part;
      const value = values[part];
      return typeof value === 'number' ? numbers.format(value) : value;
    });
  };
  return Object.assign((key: keyof C, values?: object) => parts(key, values as Record<string, unknown>).join(''), { language, tag, parts }) as unknown as Translate<C>;
}
