// docs/conditions.md is what authors learn from: every kind of condition is on it, and every example on it is right.
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { conditionKinds, conditionSchema } from './condition.ts';
import { failSchema, taskHintSchema } from './schema.ts';

const page = await readFile('docs/conditions.md', 'utf8');
const blocks = [...page.matchAll(/```yaml\n([^]*?)```/g)].map(match => match[1]!);
const conditions = blocks.slice(0, -1).flatMap(block => block.split('\n').filter(line => /^\w+:/.test(line)));

test('every kind is there', () => expect(new Set(conditions.map(line => line.slice(0, line.indexOf(':'))))).toEqual(new Set(Object.keys(conditionKinds))));
test.each(conditions)('%s', line => expect(conditionSchema.safeParse(parse(line)).error?.issues).toBeUndefined());
test('hints and failing', () => {
  const { hints, fail } = parse(blocks.at(-1)!) as { hints: unknown[]; fail: unknown };
  for (const hint of hints) expect(taskHintSchema.safeParse(hint).error?.issues).toBeUndefined();
  expect(failSchema.safeParse(fail).error?.issues).toBeUndefined();
});
