// The catalogue keeps its promises: the same keys and placeholders in every language, plural forms that their language has, no key that nobody uses.
// That no key is missing the compiler sees; here is what it cannot see.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { chooseLanguage, inLanguage, LANGUAGES, languages, SOURCE } from './language.ts';
import { type Catalogue, type Message, translator } from './message.ts';
import { say } from './server.ts';

const root = join(import.meta.dirname, '..');
const areas = readdirSync(join(import.meta.dirname, SOURCE));
const catalogues = Object.fromEntries(await Promise.all(languages.map(async language => [language, await read(language)] as const)));
const source = catalogues[SOURCE]!;

async function read(language: string): Promise<Catalogue> {
  const modules = await Promise.all(areas.map(area => import(join(import.meta.dirname, language, area)) as Promise<Record<string, Catalogue>>));
  return Object.assign({}, ...modules.flatMap(module => Object.values(module)));
}

const forms = (message: Message): string[] => (typeof message === 'string' ? [message] : Object.values(message));
const names = (text: string) => [...new Set([...text.matchAll(/\{([^{}]+)\}/g)].map(([, name]) => name!))].sort();

describe.each(languages.filter(language => language !== SOURCE))('%s', language => {
  test('has the keys of the source, and no others', () => expect(Object.keys(catalogues[language]!).sort()).toEqual(Object.keys(source).sort()));

  test('fills in what the source fills in', () => {
    const named = (message: Message) => [...new Set(forms(message).flatMap(names))].filter(name => typeof message === 'string' || name !== 'count').sort();
    const wrong = Object.keys(source).filter(key => named(catalogues[language]![key]!).join() !== named(source[key]!).join());
    expect(wrong).toEqual([]);
  });

  test('is written as its language is: quotes, ellipses, no gluing', () => {
    const wrong = language === 'de' ? /[\p{L}\d}]…|"|“[\p{L}\d]|\bSie (?:können|müssen|haben)\b/u : /$^/;
    expect(Object.entries(catalogues[language]!).filter(([, message]) => forms(message).some(text => wrong.test(text))).map(([key]) => key)).toEqual([]);
  });

  test('marks the same commands', () => {
    const commands = (message: Message) => forms(message).flatMap(text => text.split('`').filter((_, index) => index % 2)).sort().join();
    expect(Object.keys(source).filter(key => typeof source[key] === 'string' && commands(catalogues[language]![key]!) !== commands(source[key]!))).toEqual([]);
  });

  test('has the plural forms that its numbers ask for', () => {
    expect(new Intl.PluralRules(LANGUAGES[language].tag).resolvedOptions().pluralCategories.filter(form => !['one', 'other'].includes(form))).toEqual([]);
  });
});

test('every text is used somewhere', () => {
  const used = ['app', 'server'].flatMap(folder => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map(name => join(root, folder, name)))
    .filter(path => /\.tsx?$/.test(path) && !/\.test\.tsx?$/.test(path)).map(path => readFileSync(path, 'utf8')).join('\n');
  expect(Object.keys(source).filter(key => !used.includes(`'${key}'`))).toEqual([]);
});

const sample = { plain: 'Hello', named: 'Hello {name}', tasks: { one: 'one task in {place}', other: '{count} tasks in {place}' } } as const;
const t = translator<typeof sample>(sample, 'de');

test('names are filled in, numbers written as the language does, forms chosen by number', () => {
  expect(t('plain')).toBe('Hello');
  expect(t('named', { name: 'Ada' })).toBe('Hello Ada');
  expect(t('named', { name: 1234567 })).toBe('Hello 1.234.567');
  expect(t('tasks', { count: 1, place: 'x' })).toBe('one task in x');
  expect(t('tasks', { count: 2000, place: 'x' })).toBe('2.000 tasks in x');
  expect(t.parts('named', { name: { any: 'thing' } })).toEqual(['Hello ', { any: 'thing' }, '']);
});

test('what is filled in is no template again', () => expect(t('named', { name: '{place}' })).toBe('Hello {place}'));

test('the server says a thing in every language, also with texts within it', () => {
  const inner = say('lab.reset');
  expect(say('lab.shellNotStarted', { message: inner }).de).toContain(inner.de);
  expect(inLanguage({ list: [inner], plain: 'as it was', none: null, number: 3 }, 'de')).toEqual({ list: [inner.de], plain: 'as it was', none: null, number: 3 });
});

test.each([
  ['nothing said', undefined, undefined, 'en'],
  ['the browser asks', undefined, 'de-AT,de;q=0.9,en;q=0.5', 'de'],
  ['the browser would rather have another', undefined, 'fr, en;q=0.8, de;q=0.3', 'en'],
  ['the browser refuses one', undefined, 'de;q=0, fr', 'en'],
  ['chosen', 'a=b; slipway_language=en', 'de', 'en'],
  ['chosen, but not to be had', 'slipway_language=xx', 'de', 'de'],
] as const)('the language: %s', (_what, cookie, asked, language) => expect(chooseLanguage(cookie, asked)).toBe(language));
