// What BuildKit's API needs of the host that it serves. Types, and the one thing of the API's that is handed down: how an image is pulled.
import type { ContainerVerbs } from '../container/verbs.ts';
import type { Host } from '../container/model.ts';
import type { Library } from '../image/library.ts';
import type { ImageStore } from '../image/model.ts';
import type { PullMessage } from '../image/pull.ts';
import type { Reference } from '../image/reference.ts';

export interface BuildKitParts {
  host: Host;
  verbs: ContainerVerbs;
  images: ImageStore;
  library: Library;
  architecture: string;
  version: string;
  /** From the library or a registry, into this store. */
  pull(reference: Reference, options: { store: ImageStore; platform: string; credentials: { username: string; password: string }; signal: AbortSignal }): AsyncGenerator<PullMessage, void, void>;
  /** Whether bytes are compressed, and how. */
  detectCompression(input: AsyncIterable<Buffer>): Promise<{ compression: string; input: AsyncIterable<Buffer> }>;
}
