// What one stage of BuildKit's builder is given, asked for, and ends as. Types only. Used by solver.ts, solver-stage.ts and buildkit/, which gives them.
import type { ContainerConfig } from '../container/config.ts';
import type { History, ImageConfig } from '../content/oci.ts';
import type { ImageLayer } from '../image/model.ts';
import type { BuildArgs } from './args.ts';
import type { Found } from './copy.ts';
import type { Instruction } from './dockerfile.ts';
import type { CacheMounts } from './run-mounts.ts';
import type { StepParts, StepReport } from './solver-steps.ts';
import type { StageText } from './stages.ts';

export interface BaseImage { name: string; config: ImageConfig; layers: readonly ImageLayer[] }

/** Files that the client sent: they lie in the lab, and what they are is known here. */
export interface ContextFiles { directory: string; find(patterns: readonly string[]): Promise<readonly Found[] | { missing: string }>; }

export interface StepVertex extends StepReport {
  readonly digest: string;
  end(error?: string): void;
}

export interface SolverParts extends StepParts {
  image(name: string, platform: string): Promise<BaseImage>;
  /** A stage begins with this image. */
  from(image: BaseImage, label: string): { digest: string; record: string };
  files(context: string): Promise<ContextFiles>;
  secret(id: string): Promise<Uint8Array | null>;
  cacheMounts: CacheMounts;
  step(name: string, inputs: readonly string[]): StepVertex;
  /** A document of the Dockerfile's own is used. */
  inlined(): void;
  /** Ends what still runs. */
  abort(): void;
  /** Where in the Dockerfile an error came from; the first word on it counts. */
  failedAt(error: unknown, lines: { start: number; end: number }, vertex?: string): void;
}

export interface StageEnd {
  base: ImageConfig | null;
  layers: readonly ImageLayer[];
  config: ContainerConfig & { ArgsEscaped?: boolean | null };
  history: readonly History[];
  author: string;
  args: BuildArgs;
  vertex: string;
  record: string;
}

export interface StageOptions {
  text: StageText;
  name: string;
  total: number;
  base: BaseImage | null;
  before: StageEnd | null;
  escape: string;
  args: BuildArgs;
  network: string;
  hostOptions: Record<string, unknown>;
  namedContexts: ReadonlyMap<string, string>;
  /** Of the stage that --from means here, or null when it means none. */
  layersOf(from: string): Promise<readonly ImageLayer[] | null>;
  /** Whether files are copied from the image as well: then it has one name for all stages. */
  isSource(image: string): boolean;
  /** Throws when the client has not allowed it: RUN --network=host. */
  permitted(entitlement: string): void;
  at<T>(instruction: Instruction, work: () => Promise<T>): Promise<T>;
}
