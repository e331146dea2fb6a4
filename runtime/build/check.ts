// What can be said of an instruction before anything is done: both builders refuse the whole Dockerfile for it. Pure.
import { containerConfigSchema } from '../container/config.ts';
import { asSlipwayError } from '../errors.ts';
import { configure } from './configure.ts';
import { DockerfileError } from './dockerfile-error.ts';
import { jsonForm, parseError, type Instruction } from './dockerfile.ts';
import { split } from './words.ts';

/** Seen when the text is taken into words, before anybody asks what they mean. */
const WORDS = /^Syntax error - can't find =|must have two arguments$|^unexpected end of statement/;

/** Throws DockerfileError. */
export function checkInstruction(instruction: Instruction, escape: string): void {
  const { name, rest, line, endLine } = instruction;
  if (name === 'COPY' || name === 'ADD') {
    if ((jsonForm(rest) ?? split(rest, escape)).length < 2) throw parseError(line, `${name} requires at least two arguments, but only one was provided. Destination could not be determined`);
  } else if (['ENV', 'LABEL', 'HEALTHCHECK', 'SHELL', 'ONBUILD', 'VOLUME'].includes(name) && !rest.includes('$')) {
    try {
      configure(containerConfigSchema.parse({}), instruction, new Map(), escape, false);
    } catch (error) {
      if (error instanceof DockerfileError) throw error;
      const { message } = asSlipwayError(error);
      throw WORDS.test(message) ? new DockerfileError(message, line, { end: endLine, syntax: true }) : parseError(line, message);
    }
  }
}
