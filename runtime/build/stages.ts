// A Dockerfile's stages: what lies before the first FROM, where each begins, which one is asked for. Pure. Used by both builders.
import { SlipwayError } from '../errors.ts';
import { DockerfileError } from './dockerfile-error.ts';
import { parseError } from './dockerfile.ts';
import type { Instruction } from './dockerfile.ts';
import { split } from './words.ts';

export interface StageText {
  /** From 0. */
  index: number;
  /** What AS gave it, in small letters; empty when there is none. */
  name: string;
  /** The image or stage after FROM, as written. */
  base: string;
  platform: string;
  from: Instruction;
  /** After FROM. */
  instructions: Instruction[];
}

export interface StagesOfText { meta: Instruction[]; stages: StageText[] }

export function stagesOf(instructions: readonly Instruction[], escape: string): StagesOfText {
  const first = instructions.findIndex(i => i.name === 'FROM');
  const early = first < 0 ? instructions[0] : instructions.slice(0, first).find(i => i.name !== 'ARG');
  if (early || first < 0) throw new DockerfileError('no build stage in current context', early?.line ?? 1, { end: early?.endLine ?? 1 });
  const stages: StageText[] = [];
  for (const instruction of instructions.slice(first)) {
    if (instruction.name === 'FROM') stages.push({ index: stages.length, ...parseFrom(instruction, escape), from: instruction, instructions: [] });
    else stages.at(-1)!.instructions.push(instruction);
  }
  return { meta: instructions.slice(0, first), stages };
}

export function parseFrom({ rest, line, flags }: Instruction, escape: string): { base: string; name: string; platform: string } {
  const [base = '', as, name, more] = split(rest, escape);
  if (more !== undefined || (as !== undefined && (as.toUpperCase() !== 'AS' || name === undefined))) throw parseError(line, 'FROM requires either one or three arguments');
  if (name !== undefined && !/^[a-z][a-z0-9-_.]*$/i.test(name)) throw parseError(line, `invalid name for build stage: ${JSON.stringify(name)}, name can't start with a number or contain symbols`);
  return { base, name: (name ?? '').toLowerCase(), platform: flags.platform?.[0] ?? '' };
}

/** By name or number; the last one when none is asked for. */
export function targetOf(stages: readonly StageText[], target: string): StageText {
  if (target === '') return stages.at(-1)!;
  const named = stages.findLast(stage => stage.name !== '' && stage.name === target.toLowerCase());
  const found = named ?? (/^\d+$/.test(target) ? stages[Number(target)] : undefined);
  if (!found) throw new SlipwayError('InvalidParameter', `target stage ${JSON.stringify(target)} could not be found`);
  return found;
}

/** The stage before `before` that FROM or --from names. */
export function earlierStage(stages: readonly StageText[], before: number, name: string): StageText | undefined {
  const named = stages.slice(0, before).findLast(stage => stage.name !== '' && stage.name === name.toLowerCase());
  return named ?? (/^\d+$/.test(name) && Number(name) < before ? stages[Number(name)] : undefined);
}
