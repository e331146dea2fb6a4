import { expect, test } from 'vitest';
import { containerConfigSchema } from '../container/config.ts';
import { applyChanges } from './configure.ts';
import { jsonForm, parseDockerfile } from './dockerfile.ts';
import { expand, pairs, split } from './words.ts';

const parse = (text: string) => parseDockerfile(text, 'Dockerfile').instructions.map(({ name, rest, line }) => [line, name, rest]);

test.each<[string, unknown]>([
  ['from a\n\n# comment\nrun b', [[1, 'FROM', 'a'], [4, 'RUN', 'b']]],
  ['FROM a\nRUN b \\\n  && c \\\n# in between\n\n  && d\nCMD e', [[1, 'FROM', 'a'], [2, 'RUN', 'b   && c   && d'], [7, 'CMD', 'e']]],
  ['# escape=`\nFROM a\nRUN b `\n c\\', [[2, 'FROM', 'a'], [3, 'RUN', 'b  c\\']]],
  ['FROM a\r\nRUN b\r\n', [[1, 'FROM', 'a'], [2, 'RUN', 'b']]],
])('%j', (text, instructions) => expect(parse(text)).toEqual(instructions));

test('heredocs belong to their instruction, and say where it ends', () => {
  const { instructions } = parseDockerfile('FROM a\nRUN <<A cat <<-"B"\none $x\nA\n\ttwo\n\tB\nCOPY <<C /x\nC\nCMD d', 'Dockerfile');
  expect(instructions.map(({ name, line, endLine, heredocs }) => [name, line, endLine, heredocs])).toEqual([
    ['FROM', 1, 1, []], ['RUN', 2, 6, [{ name: 'A', content: 'one $x\n', expand: true }, { name: 'B', content: 'two\n', expand: false }]], ['COPY', 7, 8, [{ name: 'C', content: '', expand: true }]], ['CMD', 9, 9, []],
  ]);
  expect(() => parseDockerfile('FROM a\nRUN <<A\nb', 'Dockerfile')).toThrow('unterminated heredoc');
});

test('an empty line inside a continued instruction is warned of', () => {
  expect(parseDockerfile('FROM a\nRUN b \\\n\n && c', 'Dockerfile').warnings).toMatchObject([{ text: 'Empty continuation line found in: RUN b  && c', line: 2 }]);
});

test('flags stand before the arguments', () => {
  const { instructions } = parseDockerfile('FROM --platform=linux/amd64 a AS b\nCOPY --from=b --chown=1:2 x --y /z', 'Dockerfile');
  expect(instructions.map(({ flags, rest }) => ({ flags, rest }))).toEqual([{ flags: { platform: ['linux/amd64'] }, rest: 'a AS b' }, { flags: { from: ['b'], chown: ['1:2'] }, rest: 'x --y /z' }]);
});

test.each([
  ['', 'the Dockerfile (Dockerfile) cannot be empty'],
  ['# only\n', 'file with no instructions'],
  ['FROM a\nCOPYY x y', 'dockerfile parse error on line 2: unknown instruction: COPYY (did you mean COPY?)'],
  ['FROM a\nCOPY --nope=1 x y', 'dockerfile parse error on line 2: unknown flag: nope'],
  ['FROM a\nUSER', 'dockerfile parse error on line 2: USER requires exactly one argument'],
])('%j is refused: %s', (text, said) => expect(() => parse(text)).toThrow(said));

test('the exec form is JSON and nothing else', () => {
  expect(jsonForm('["a", "b c"]')).toEqual(['a', 'b c']);
  for (const text of ["['a']", '["a"', 'a', '[1]']) expect(jsonForm(text), text).toBeUndefined();
});

const variables = new Map([['a', '1'], ['empty', ''], ['path', '/usr/local/bin'], ['file', 'foo.tar.gz'], ['x', 'aXbXc'], ['b', 'X']]);
test.each([
  ['${file#*.}', 'tar.gz'], ['${file##*.}', 'gz'], ['${file%.*}', 'foo.tar'], ['${file%%.*}', 'foo'], ['${path##*/}', 'bin'], ['${path%/*}', '/usr/local'], ['${file#nope}', 'foo.tar.gz'], ['${x#*${b}}', 'bXc'],
  ['${file/o/0}', 'f0o.tar.gz'], ['${file//o/0}', 'f00.tar.gz'], ['${path//\\//:}', ':usr:local:bin'], ['${file/t*r/x}', 'foo.x.gz'], ['${file//o/}', 'f.tar.gz'], ['${file/?oo/x}', 'x.tar.gz'], ['${no#x}', ''], ['${no//a/b}', ''],
])('%s becomes %j', (word, value) => expect(expand(word, variables)).toBe(value));

test.each([
  ['$a', '1'], ['${a}b', '1b'], ['$ab', ''], ['\\$a', '$a'], ["'$a'", '$a'], ['"$a x"', '1 x'], ['${no:-d$a}', 'd1'], ['${no-d}', 'd'], ['${empty:-d}', 'd'], ['${empty-d}', ''], ['${a:+set}', 'set'], ['${no:+set}', ''], ['a\\ b', 'a b'], ['100$', '100$'],
])('%s becomes %j', (word, value) => expect(expand(word, variables)).toBe(value));
test.each([['"a', 'double-quote'], ['${a', 'unsupported modifier'], ['${a:-b', "missing '}'"], ['${a/b}', "missing '/'"], ['${}', 'bad substitution'], ['${a^}', 'unsupported modifier (^)'], ['${no:?say}', 'no: say'], ['${no?}', 'no: is not allowed to be unset'], ['${empty:?}', 'empty: is not allowed to be empty']])('%s is refused', (word, said) => expect(() => expand(word, variables)).toThrow(said));

test('words end at spaces outside of quotes', () => expect(split('a "b c" d\\ e \'f g\'')).toEqual(['a', '"b c"', 'd\\ e', "'f g'"]));
test('names and values, in both forms', () => {
  expect(pairs('ENV', 'a=1 b="x y" c=$a', variables, '\\')).toEqual([['a', '1'], ['b', 'x y'], ['c', '1']]);
  expect(pairs('ENV', 'a b  c', variables, '\\')).toEqual([['a', 'b  c']]);
  expect(() => pairs('ENV', 'a=1 b', variables, '\\')).toThrow('Syntax error - can\'t find = in "b"');
});

test.each<[string, () => unknown]>([
  ['substitutions within one another', () => expand('${b:-'.repeat(20_000) + '}'.repeat(20_000), new Map())],
  ['patterns that are searched for', () => expand('${a//*x*x*x/y}'.repeat(5000), new Map([['a', 'x'.repeat(1000)]]))],
  ['words', () => split('a '.repeat(100_000))],
  ['instructions', () => parseDockerfile(`FROM a\n${'ARG b\n'.repeat(100_000)}`, 'Dockerfile')],
])('too many %s are refused soon, since all labs wait meanwhile', (_, parse) => {
  const begun = performance.now();
  expect(parse).toThrow(/more than|too long/);
  expect(performance.now() - begun).toBeLessThan(1000); // 50 ms; without limits it is many seconds
});

test('ports are written out, and not without end', () => {
  const expose = (words: string) => Object.keys(applyChanges(containerConfigSchema.parse({}), [`EXPOSE ${words}`]).ExposedPorts ?? {});
  expect(expose('80 443/TCP 53/udp 7000-7002 127.0.0.1:1:90')).toEqual(['443/tcp', '53/udp', '7000/tcp', '7001/tcp', '7002/tcp', '80/tcp', '90/tcp']);
  for (const words of ['abc', '80/foo', '70000', '9-3', '']) expect(() => expose(words), words).toThrow();
  expect(() => expose('1-65535')).toThrow('at most 16384 ports');
  expect(() => expose('1-10000 1-10000/udp')).toThrow('at most 16384 ports');
});
