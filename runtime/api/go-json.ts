// Says what is wrong with a JSON text in the words of Go's encoding/json, which learners meet in dockerd's answers.
// Called only when JSON.parse has already refused the text; it never accepts or builds values.

/** `invalid character 'b' looking for beginning of object key string`, `unexpected EOF`, or null when the text is one JSON value. The words differ with who reads: a request's body is a Decoder's. */
export function goJsonProblem(text: string, of: 'decoder' | 'unmarshal' = 'decoder'): string | null {
  const scanner = { text, at: 0 };
  try {
    value(scanner);
    space(scanner);
    if (scanner.at < text.length && of === 'unmarshal') fail(scanner, 'after top-level value');
    return scanner.at < text.length ? 'unexpected content after JSON' : null;
  } catch (problem) {
    if (problem instanceof Problem) return of === 'unmarshal' && problem.message === 'unexpected EOF' ? 'unexpected end of JSON input' : problem.message;
    throw problem;
  }
}

class Problem extends Error {}
type Scanner = { readonly text: string; at: number };

const fail = (s: Scanner, where: string): never => {
  const char = s.text[s.at];
  throw new Problem(char === undefined ? 'unexpected EOF' : `invalid character ${quote(char)} ${where}`);
};
const quote = (char: string) => (char === "'" ? `'\\''` : char === '"' ? `'"'` : char < ' ' ? `'${JSON.stringify(char).slice(1, -1).replace(/\\u00/, '\\x')}'` : `'${char}'`);

function space(s: Scanner) {
  while (' \t\r\n'.includes(s.text[s.at] ?? '?')) s.at++;
}

function value(s: Scanner) {
  space(s);
  const char = s.text[s.at] ?? '';
  if (char === '{') return list(s, '}', () => { key(s); space(s); if (s.text[s.at] !== ':') fail(s, 'after object key'); s.at++; value(s); }, 'object key:value pair');
  if (char === '[') return list(s, ']', () => value(s), 'array element');
  if (char === '"') return string(s);
  if (char === '-' || (char >= '0' && char <= '9')) return number(s);
  for (const word of ['true', 'false', 'null']) if (char !== '' && word.startsWith(char)) return literal(s, word);
  fail(s, 'looking for beginning of value');
}

function list(s: Scanner, close: string, item: () => void, after: string) {
  s.at++;
  space(s);
  if (s.text[s.at] === close) return void s.at++;
  for (;;) {
    item();
    space(s);
    if (s.text[s.at] === close) return void s.at++;
    if (s.text[s.at] !== ',') fail(s, `after ${after}`);
    s.at++;
  }
}

function key(s: Scanner) {
  space(s);
  if (s.text[s.at] !== '"') fail(s, 'looking for beginning of object key string');
  string(s);
}

function string(s: Scanner) {
  for (s.at++; ; s.at++) {
    const char = s.text[s.at];
    if (char === '"') return void s.at++;
    if (char === undefined || char < ' ') fail(s, 'in string literal');
    if (char === '\\') {
      s.at++;
      if (!'"\\/bfnrtu'.includes(s.text[s.at] ?? '?')) fail(s, 'in string escape code');
    }
  }
}

function number(s: Scanner) {
  const match = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/.exec(s.text.slice(s.at));
  if (!match) {
    s.at++;
    fail(s, 'in numeric literal');
  }
  s.at += match![0].length;
}

function literal(s: Scanner, word: string) {
  for (const char of word) {
    if (s.text[s.at] !== char) fail(s, `in literal ${word} (expecting ${quote(char)})`);
    s.at++;
  }
}
