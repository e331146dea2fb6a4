import { expect, test } from 'vitest';
import { goJsonProblem } from './go-json.ts';

test.each([
  ['{bad', "invalid character 'b' looking for beginning of object key string"],
  ['{"a":}', "invalid character '}' looking for beginning of value"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a":1 "b"}', "invalid character '\"' after object key:value pair"],
  ['[1 2]', "invalid character '2' after array element"],
  ['{"a":tru}', "invalid character '}' in literal true (expecting 'e')"],
  ['{"a":-}', "invalid character '}' in numeric literal"],
  ['{"a":"\n"}', "invalid character '\\n' in string literal"],
  ['{"a":"\\x"}', "invalid character 'x' in string escape code"],
  ["{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
  ['{"a":1', 'unexpected EOF'],
  ['{} {}', 'unexpected content after JSON'],
])('%j is refused in the words of Go: %s', (text, problem) => {
  expect(goJsonProblem(text)).toBe(problem);
});

test('correct JSON has no problem', () => {
  for (const text of ['{}', ' [1, -2.5e3, "a\\u00e9", null, true, {"a":[]}] ', '0']) expect(goJsonProblem(text)).toBeNull();
});
