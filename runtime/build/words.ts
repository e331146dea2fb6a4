// Words of an instruction: splitting, quotes, and variables (`$A`, `${A}`, `${A:-default}`, `${A:+other}`, `${A#pattern}`, `${A/pattern/other}`). Pure.
// https://docs.docker.com/reference/dockerfile/#environment-replacement
import { SlipwayError } from '../errors.ts';
import { newBudget, replaced, shellPattern, trimmed, type Budget } from './patterns.ts';

export type Variables = ReadonlyMap<string, string>;

/** A word that becomes longer can be given to no program: the kernel takes 128 KiB an argument or variable. */
const MAX_WORD = 128 << 10;
/** Of one instruction: each is held against the variables that those before it have set. */
const MAX_WORDS = 2000;
const MAX_DOCUMENT = 4 << 20;
/** `${A:-${B:-${C}}}`: each is gone through once more for every one that it is in. */
const DEEPEST = 32;
const invalid = (what: string) => new SlipwayError('InvalidParameter', what);

/** Replaces variables and takes the quotes away. `shown`: as progress shows a command, with its quotes, and variables that are not set as they are. */
export function expand(word: string, variables: Variables, escape = '\\', { shown = false, budget = newBudget() } = {}): string {
  try {
    if (word.length > MAX_WORD) throw invalid(`it is longer than ${MAX_WORD} characters`);
    return expanded(word, { variables, escape, budget, depth: 0 }, shown);
  } catch (error) {
    throw error instanceof SlipwayError ? invalid(`failed to process ${JSON.stringify(word.length > 200 ? `${word.slice(0, 200)}…` : word)}: ${error.message}`) : error;
  }
}

/** The text of a document: quotes are as any other character in it, and a backslash takes the next one as it is. */
export function expandDocument(text: string, variables: Variables): string {
  const scope: Scope = { variables, escape: '\\', budget: newBudget(), depth: 0 };
  let out = '';
  for (let at = 0; at < text.length;) {
    if (text[at] === '\\') {
      out += text[at + 1] ?? '';
      at += 2;
    } else if (text[at] === '$') {
      const { value, length } = variable(text.slice(at, at + MAX_WORD), scope);
      out += value;
      at += length;
      if (out.length > MAX_DOCUMENT) throw invalid(`the document becomes longer than ${MAX_DOCUMENT} characters`);
    } else out += text[at++];
  }
  return out;
}

interface Scope { variables: Variables; escape: string; budget: Budget; depth: number }

function expanded(word: string, scope: Scope, shown = false): string {
  const { variables, escape, depth } = scope;
  if (depth > DEEPEST) throw invalid(`more than ${DEEPEST} substitutions are within one another`);
  let out = '';
  let at = 0;
  let quote = '';
  while (at < word.length) {
    const c = word[at]!;
    if (c === escape && quote !== "'") {
      const next = word[at + 1];
      if (next === undefined) { out += quote ? c : ''; at++; continue; }
      out += quote === '"' && next !== '"' && next !== '$' && next !== escape ? c + next : next;
      at += 2;
    } else if ((c === '"' || c === "'") && (quote === '' || quote === c)) {
      quote = quote ? '' : c;
      if (shown) out += c;
      at++;
    } else if (c === '$' && quote !== "'") {
      const { value, length } = variable(word.slice(at), scope);
      const name = /^\$\{?(\w+)/.exec(word.slice(at, at + 200))?.[1] ?? '';
      out += shown && !variables.has(name) ? word.slice(at, at + length) : value;
      if (out.length > MAX_WORD) throw invalid(`it becomes longer than ${MAX_WORD} characters`);
      at += length;
    } else {
      out += c;
      at++;
    }
  }
  if (quote) throw invalid(`unexpected end of statement while looking for matching ${quote === '"' ? 'double' : 'single'}-quote`);
  return out;
}

/** What a `$` at the beginning of `text` stands for, and how much of the text that was. */
function variable(text: string, scope: Scope): { value: string; length: number } {
  const { variables, escape, budget } = scope;
  const within = { ...scope, depth: scope.depth + 1 };
  const plain = /^\$([A-Za-z_][A-Za-z0-9_]*|[0-9@*#?!$-])/.exec(text);
  if (plain) return { value: variables.get(plain[1]!) ?? '', length: plain[0].length };
  if (!text.startsWith('${')) return { value: '$', length: 1 };
  const name = /^(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?!$-])/.exec(text.slice(2))?.[0];
  if (name === undefined) throw invalid('syntax error: bad substitution');
  const value = variables.get(name);
  let at = 2 + name.length;
  if (text[at] === '}') return { value: value ?? '', length: at + 1 };
  const empty = text[at] === ':';
  if (empty) at++;
  const modifier = text[at] ?? '\uFFFD';
  if (!(empty ? '-+?' : '-+?#%/').includes(modifier)) throw invalid(`unsupported modifier (${empty ? ':' : ''}${modifier}) in substitution`);
  at++;
  const twice = '#%/'.includes(modifier) && text[at] === modifier;
  if (twice) at++;
  const word = () => {
    const { end, length } = closing(text, at, escape, '}');
    return { inside: text.slice(at, end), length };
  };
  if ('-+?'.includes(modifier)) {
    const { inside, length } = word();
    const isSet = value !== undefined && (!empty || value !== '');
    const other = () => expanded(inside, within);
    if (modifier === '-') return { value: isSet ? value : other(), length };
    if (modifier === '+') return { value: isSet ? other() : '', length };
    if (!isSet) throw invalid(`${name}: ${inside ? other() : `is not allowed to be ${value === undefined ? 'unset' : 'empty'}`}`);
    return { value, length };
  }
  if (modifier !== '/') {
    const { inside, length } = word();
    return { value: value === undefined ? '' : trimmed(value, patternOf(inside, within), modifier === '%', twice, budget), length };
  }
  const slash = closing(text, at, escape, '/');
  const pattern = patternOf(text.slice(at, slash.end), within);
  at = slash.length;
  const { inside, length } = word();
  return { value: value === undefined ? '' : replaced(value, pattern, expanded(inside, within), twice, budget), length };
}

/** Where the text from `from` on ends at `mark`, outside of braces and behind no escape; `length` is with the mark. */
function closing(text: string, from: number, escape: string, mark: '}' | '/'): { end: number; length: number } {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    if (text[at] === escape) at++;
    else if (mark === '/' && text[at] === '}' && depth === 0) break;
    else if (text[at] === mark && depth === 0) return { end: at, length: at + 1 };
    else if (text.startsWith('${', at)) { depth++; at++; }
    else if (text[at] === '}') depth--;
  }
  throw invalid(mark === '}' ? "syntax error: missing '}'" : "syntax error: missing '/' in ${}");
}

/** A pattern's variables are replaced before it is a pattern; its escapes stay. */
const patternOf = (text: string, scope: Scope) => shellPattern(text.replace(/\$(?:\{\w+\}|\w+)/g, found => expanded(found, scope)), scope.escape);

const expandWord = expand;

/** Splits at white space outside of quotes; quotes and escapes stay. */
export function split(text: string, escape = '\\', most = MAX_WORDS): string[] {
  const words: string[] = [];
  let word = '';
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const c = text[at]!;
    if (c === escape && quote !== "'" && at + 1 < text.length) word += c + text[++at]!;
    else if (quote === '' && /\s/.test(c)) {
      if (word && words.push(word) > most) throw invalid(`an instruction has more than ${most} words`);
      word = '';
    } else {
      if (c === quote) quote = '';
      else if (quote === '' && (c === '"' || c === "'")) quote = c;
      word += c;
    }
  }
  if (word) words.push(word);
  return words;
}

/** `a=b c="d e"`, or the old `a b c` of ENV and LABEL. Without variables, words stay as they are written. */
export function pairs(name: string, text: string, variables: Variables | null, escape: string): [string, string][] {
  const words = split(text, escape);
  const budget = newBudget();
  const expand = (word: string) => (variables ? expandWord(word, variables, escape, { budget }) : word);
  if (!words[0]!.includes('=')) {
    const match = /^(\S+)\s+([\s\S]*)$/.exec(text);
    if (!match) throw new SlipwayError('InvalidParameter', `${name} must have two arguments`);
    return [[expand(match[1]!), expand(match[2]!)]];
  }
  return words.map(word => {
    const equals = word.indexOf('=');
    if (equals < 0) throw new SlipwayError('InvalidParameter', `Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`);
    const key = expand(word.slice(0, equals));
    if (key === '') throw new SlipwayError('InvalidParameter', `${name} names can not be blank`);
    return [key, expand(word.slice(equals + 1))];
  });
}
