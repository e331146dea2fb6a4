// What can be said of an instruction before anything is done: both builders refuse the whole Dockerfile for it. Pure.
import { containerConfigSchema } from '../container/config.ts';
import { asSlipwayError } from '../errors.ts';
import { configure } from './configure.ts';
import { DockerfileError } from './dockerfile-error.ts';
import { jsonForm, parseError, type Instruction } from './dockerfile.ts';
import { split } from './words.ts';

/** Throws DockerfileError. */
export function checkInstruction(instruction: Instruction, escape: string): void {
  const { name, rest, line, endLine } = instruction;
  if (name === 'COPY' || name === 'ADD') {
    if ((jsonForm(rest) ?? split(rest, escape)).length < 2) throw parseError(line, `${name} requires at least two arguments, but only one was provided. Destination could not be determined`);
  } else if (['ENV', 'LABEL', 'HEALTHCHECK', 'SHELL', 'ONBUILD'].includes(name) && !rest.includes('$')) {
    try {
      configure(containerConfigSchema.parse({}), instruction, new Map(), escape, false);
    } catch (error) {
      throw error instanceof DockerfileError ? error : new DockerfileError(asSlipwayError(error).message, line, { end: endLine, syntax: true });
    }
  }
}
