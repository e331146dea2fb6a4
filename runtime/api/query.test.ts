import { expect, test } from 'vitest';
import { bool, boolFilter, filters, int, labelsMatch, timestamp } from './query.ts';

test.each([[undefined, false], ['', false], ['0', false], ['false', false], ['no', false], ['none', false], ['1', true], ['true', true], ['anything', true]])('the boolean %j is %j', (text, value) => {
  expect(bool.parse(text)).toBe(value);
});

test('a number that is none is refused in the words of Go', () => {
  expect(int(5).parse(undefined)).toBe(5);
  expect(int(5).parse('-3')).toBe(-3);
  expect(() => int(0).parse('x')).toThrow('strconv.Atoi: parsing "x": invalid syntax');
});

test('timestamps keep their nanoseconds', () => {
  expect(timestamp.parse('1795233612.000000123')).toBe(1795233612000000123n);
  expect(timestamp.parse('1795233612.5')).toBe(1795233612500000000n);
  expect(timestamp.parse('0')).toBeNull();
  expect(() => timestamp.parse('abc')).toThrow('strconv.ParseInt: parsing "abc": invalid syntax');
});

test('filters come as lists or, from older clients, as sets', () => {
  const schema = filters(['status', 'name']);
  expect(schema.parse('{"status":["running","paused"]}').get('status')).toEqual(['running', 'paused']);
  expect(schema.parse('{"name":{"a":true,"b":true}}').get('name')).toEqual(['a', 'b']);
  expect(() => schema.parse('{"nope":["a"]}')).toThrow("invalid filter 'nope'");
  expect(() => schema.parse('x')).toThrow('invalid filter');
});

test('a boolean filter that says both or neither is refused', () => {
  expect(boolFilter(new Map([['dangling', ['true']]]), 'dangling')).toBe(true);
  expect(boolFilter(new Map(), 'dangling')).toBeNull();
  expect(() => boolFilter(new Map([['dangling', ['maybe']]]), 'dangling')).toThrow("invalid filter 'dangling=[maybe]'");
});

test('labels match by key or by key and value, all of them', () => {
  const labels = { a: '1', b: '' };
  expect(labelsMatch(['a', 'a=1', 'b='], labels)).toBe(true);
  expect(labelsMatch(['a', 'a=2'], labels)).toBe(false);
  expect(labelsMatch(['c'], labels)).toBe(false);
  expect(labelsMatch(['toString'], labels)).toBe(false);
});
