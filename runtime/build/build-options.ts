// What the classic builder is given and asked for, and how a step of it fails. Types, but for the error. Used by builder.ts and api/builds.ts.
import type { Host } from '../container/model.ts';
import type { ContainerVerbs } from '../container/verbs.ts';
import { SlipwayError } from '../errors.ts';
import type { ImageStore } from '../image/model.ts';
import type { Reference } from '../image/reference.ts';
import type { Context } from './context.ts';
import type { Instruction, Warning } from './dockerfile.ts';

export interface BuildOutput {
  text(text: string): Promise<void>;
  message(json: unknown): Promise<void>;
}
export interface BuildParts { host: Host; images: ImageStore; /** Into `images`, telling of it. */ pull: (reference: Reference) => AsyncIterable<unknown>; verbs: ContainerVerbs; output: BuildOutput; signal: AbortSignal; dockerVersion: string; architecture: string }
export interface BuildOptions {
  context: Context;
  instructions: readonly Instruction[];
  escape: string;
  warnings: readonly Warning[];
  tags: readonly string[];
  buildArgs: Readonly<Record<string, string | null>>;
  target: string;
  labels: Readonly<Record<string, string>>;
  noCache: boolean;
  pull: boolean;
  network: string;
  extraHosts: readonly string[];
  /** Limits of every RUN, as a container's. */
  limits: Readonly<Record<string, unknown>>;
  /** Of every stage that says none of its own; empty: this machine's. */
  platform: string;
  keepContainers: boolean;
  forceRemove: boolean;
}

/** A failed RUN: its exit code goes to the client. */
export class StepFailed extends SlipwayError {
  readonly code: number;
  constructor(message: string, code: number) {
    super('System', message);
    this.code = code;
  }
}
