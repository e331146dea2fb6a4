// What can be said of an instruction before anything is done: both builders refuse the whole Dockerfile for it. Pure.
import { containerConfigSchema } from '../container/config.ts';
import { asSlipwayError } from '../errors.ts';
import { configure } from './configure.ts';
import { DockerfileError } from './dockerfile-error.ts';
import { jsonForm, parseError, type Instruction } from './dockerfile.ts';
import { pairs, split } from './words.ts';

/** Seen when the text is taken into words, before anybody asks what they mean. */
const WORDS = /^Syntax error - can't find =|must have two arguments$|^unexpected end of statement/;

/** Throws DockerfileError. */
export function checkInstruction(instruction: Instruction, escape: string): void {
  const { line, endLine } = instruction;
  try {
    checkWords(instruction, escape);
  } catch (error) {
    const { message } = asSlipwayError(error);
    if (error instanceof DockerfileError) throw new DockerfileError(message, line, { end: endLine, syntax: error.syntax });
    throw WORDS.test(message) ? new DockerfileError(message, line, { end: endLine, syntax: true }) : new DockerfileError(parseError(line, message).message, line, { end: endLine });
  }
}

/** What variables would stand for is not asked here. */
function checkWords(instruction: Instruction, escape: string): void {
  const { name, rest, flags, line } = instruction;
  switch (name) {
    case 'COPY': case 'ADD':
      if ((jsonForm(rest) ?? split(rest, escape)).length < 2) throw parseError(line, `${name} requires at least two arguments, but only one was provided. Destination could not be determined`);
      return;
    case 'ENV': case 'LABEL': return void pairs(name, rest, null, escape);
    case 'ARG':
      if (split(rest, escape).some(word => word.startsWith('='))) throw parseError(line, 'ARG names can not be blank');
      return;
    case 'RUN': {
      const mode = flags.network?.at(-1);
      if (mode !== undefined && !['default', 'none', 'host'].includes(mode)) throw parseError(line, `invalid network mode ${JSON.stringify(mode)}`);
      if (flags.mount?.includes('')) throw parseError(line, 'failed to parse csv mounts: EOF');
      if (flags.mount?.some(mount => /(^|,)from=[^,]*\$/.test(mount))) throw parseError(line, "'from' doesn't support variable expansion, define alias stage instead");
      return;
    }
    case 'HEALTHCHECK': case 'SHELL': case 'ONBUILD': case 'VOLUME':
      configure(containerConfigSchema.parse({}), instruction, new Map(), escape, false);
  }
}
