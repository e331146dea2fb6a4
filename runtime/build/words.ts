// Words of an instruction: splitting, quotes, and variables (`$A`, `${A}`, `${A:-default}`, `${A:+other}`). Pure.
// https://docs.docker.com/reference/dockerfile/#environment-replacement
import { SlipwayError } from '../errors.ts';

export type Variables = ReadonlyMap<string, string>;

/** Replaces variables and takes the quotes away. `shown`: as progress shows a command, with its quotes, and variables that are not set as they are. */
export function expand(word: string, variables: Variables, escape = '\\', { shown = false } = {}): string {
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
      const { value, length } = variable(word.slice(at), variables, escape);
      const name = /^\$\{?(\w+)/.exec(word.slice(at))?.[1] ?? '';
      out += shown && !variables.has(name) ? word.slice(at, at + length) : value;
      at += length;
    } else {
      out += c;
      at++;
    }
  }
  if (quote) throw new SlipwayError('InvalidParameter', `unexpected end of statement while looking for matching ${quote === '"' ? 'double' : 'single'}-quote`);
  return out;
}

function variable(text: string, variables: Variables, escape: string): { value: string; length: number } {
  const plain = /^\$([A-Za-z_][A-Za-z0-9_]*|[0-9@*#?!$-])/.exec(text);
  if (plain) return { value: variables.get(plain[1]!) ?? '', length: plain[0].length };
  if (!text.startsWith('${')) return { value: '$', length: 1 };
  let depth = 0;
  let end = 1;
  for (; end < text.length; end++) {
    if (text[end] === escape) end++;
    else if (text[end] === '{') depth++;
    else if (text[end] === '}' && --depth === 0) break;
  }
  if (end >= text.length) throw new SlipwayError('InvalidParameter', 'syntax error: missing \'}\'');
  const inside = /^([A-Za-z_][A-Za-z0-9_]*|[0-9])(?:(:?[-+?])([\s\S]*))?$/.exec(text.slice(2, end));
  if (!inside) throw new SlipwayError('InvalidParameter', `unsupported modifier (${text.slice(2, end)}) in substitution`);
  const [, name, modifier = '', word = ''] = inside;
  const value = variables.get(name!);
  const isSet = value !== undefined && (!modifier.startsWith(':') || value !== '');
  const other = () => expand(word, variables, escape);
  if (modifier.endsWith('-')) return { value: isSet ? value : other(), length: end + 1 };
  if (modifier.endsWith('+')) return { value: isSet ? other() : '', length: end + 1 };
  if (modifier.endsWith('?') && !isSet) throw new SlipwayError('InvalidParameter', `${name}: ${word ? other() : 'not allowed to be unset'}`);
  return { value: value ?? '', length: end + 1 };
}

/** Splits at white space outside of quotes; quotes and escapes stay. */
export function split(text: string, escape = '\\'): string[] {
  const words: string[] = [];
  let word = '';
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const c = text[at]!;
    if (c === escape && quote !== "'" && at + 1 < text.length) word += c + text[++at]!;
    else if (quote === '' && /\s/.test(c)) {
      if (word) words.push(word);
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

/** `a=b c="d e"`, or the old `a b c` of ENV and LABEL. */
export function pairs(name: string, text: string, variables: Variables, escape: string): [string, string][] {
  const words = split(text, escape);
  if (!words[0]!.includes('=')) {
    const match = /^(\S+)\s+([\s\S]*)$/.exec(text);
    if (!match) throw new SlipwayError('InvalidParameter', `${name} must have two arguments`);
    return [[expand(match[1]!, variables, escape), expand(match[2]!, variables, escape)]];
  }
  return words.map(word => {
    const equals = word.indexOf('=');
    if (equals < 0) throw new SlipwayError('InvalidParameter', `Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`);
    const key = expand(word.slice(0, equals), variables, escape);
    if (key === '') throw new SlipwayError('InvalidParameter', `${name} names can not be blank`);
    return [key, expand(word.slice(equals + 1), variables, escape)];
  });
}
