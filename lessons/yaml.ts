// YAML with zod, and faults at their line. Used by load.ts for front matter and tasks.
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import type { LessonProblem } from './problem.ts';

export interface Located<T> { value: T | undefined; problems: LessonProblem[]; lineOf: (path: PropertyKey[]) => number; }

/** `firstLine` is the file's line on which `source` begins. Aliases are limited by the parser (no "billion laughs"). */
export function parseYaml<S extends z.ZodType>(source: string, schema: S, file: string, firstLine = 1): Located<z.output<S>> {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false, version: '1.2' });
  const lineAt = (offset: number) => lines.linePos(offset).line + firstLine - 1;

  /** The line of the deepest part of the path that is there. */
  const lineOf = (path: PropertyKey[]): number => {
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length) as (string | number)[], true) as { range?: [number, number, number] } | undefined;
      if (node && typeof node === 'object' && node.range) return lineAt(node.range[0]);
    }
    return firstLine;
  };

  if (document.errors.length > 0) {
    const problems = document.errors.map(error => ({ file, line: lineAt(error.pos[0]), message: error.message, fix: 'Correct the YAML: indent with spaces, and put text that holds a colon in quotes.' }));
    return { value: undefined, problems, lineOf };
  }
  const parsed = schema.safeParse(document.toJS({ maxAliasCount: 100 }) ?? {});
  if (parsed.success) return { value: parsed.data, problems: [], lineOf };
  const problems = parsed.error.issues.map(issue => {
    const where = issue.path.map(String).join('.') || 'the file';
    const fix = issue.code === 'unrecognized_keys' ? `Remove ${issue.keys.map(k => `“${k}”`).join(', ')}, or correct the spelling.` : `Correct ${where}; docs/writing-lessons.md lists what may stand there.`;
    return { file, line: lineOf(issue.path), message: `${where}: ${issue.message}`, fix };
  });
  return { value: undefined, problems, lineOf };
}
