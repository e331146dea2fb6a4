// What is wrong with a Dockerfile, and where: BuildKit's clients show those lines.
import { SlipwayError } from '../errors.ts';

/** A fault of the Dockerfile's text, with the lines that it is about. */
export class DockerfileError extends SlipwayError {
  readonly lines: { start: number; end: number };
  constructor(message: string, start: number, end = start) {
    super('InvalidParameter', message);
    this.lines = { start, end };
  }
}
