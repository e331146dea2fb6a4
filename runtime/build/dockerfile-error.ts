// What is wrong with a Dockerfile, and where: BuildKit's clients show those lines.
import { SlipwayError } from '../errors.ts';

export class DockerfileError extends SlipwayError {
  readonly lines: { start: number; end: number };
  /** Found while taking the text apart, before it was clear what it asks for. */
  readonly syntax: boolean;
  constructor(message: string, start: number, { end = start, syntax = false } = {}) {
    super('InvalidParameter', message);
    this.lines = { start, end };
    this.syntax = syntax;
  }
}
