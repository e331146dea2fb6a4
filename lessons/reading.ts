// How hard a text is to read: Flesch's reading ease (R. Flesch, 1948; for German with T. Amstad's constants, 1978), from words, sentences and
// counted vowels. A rule of thumb for authors, shown by `lesson check`; code and tables are left out. Pure.
import type { HastNode, HastRoot } from './schema.ts';

export interface Reading { words: number; /** 100: very easy, 60–70: plain, below 30: for specialists. */ ease: number; level: string; minutes: number; }

/** Somebody who learns reads slowly. */
const WORDS_PER_MINUTE = 130;
const BLOCKS = new Set(['p', 'li', 'h1', 'h2', 'h3', 'h4']);
const LEFT_OUT = new Set(['pre', 'table', 'x-solution', 'x-run']);

export function readingOf(body: HastRoot, language = 'en'): Reading {
  const sentences = blocks(body.children).flatMap(text => text.split(/(?<=[.!?:])\s+/)).map(text => text.match(/\p{L}[\p{L}’'-]*/gu) ?? []).filter(words => words.length > 0);
  const words = sentences.flat();
  if (words.length === 0) return { words: 0, ease: 100, level: levelOf(100), minutes: 0 };
  const perSentence = words.length / sentences.length;
  const perWord = words.reduce((sum, word) => sum + syllables(word, language), 0) / words.length;
  const ease = language === 'de' ? 180 - perSentence - 58.5 * perWord : 206.835 - 1.015 * perSentence - 84.6 * perWord;
  return { words: words.length, ease: Math.round(ease), level: levelOf(ease), minutes: Math.ceil(words.length / WORDS_PER_MINUTE) };
}

export function syllables(word: string, language = 'en'): number {
  const groups = word.toLowerCase().match(/[aeiouyäöüéè]+/g)?.length ?? 1;
  const silent = language === 'en' && /[^aeiouy]e$/i.test(word) && !/le$/i.test(word) && groups > 1;
  return Math.max(1, groups - (silent ? 1 : 0));
}

const levelOf = (ease: number) => (ease >= 70 ? 'easy' : ease >= 60 ? 'plain' : ease >= 50 ? 'fairly difficult' : ease >= 30 ? 'difficult' : 'very difficult');

/** Each paragraph, item and heading as one text. */
function blocks(nodes: readonly HastNode[]): string[] {
  return nodes.flatMap(node => {
    if (node.type === 'text' || LEFT_OUT.has(node.tagName)) return [];
    return BLOCKS.has(node.tagName) ? [textOf(node)] : blocks(node.children);
  });
}

function textOf(node: HastNode): string {
  if (node.type === 'text') return node.value;
  return node.tagName === 'code' || LEFT_OUT.has(node.tagName) ? '' : node.children.map(textOf).join('');
}
