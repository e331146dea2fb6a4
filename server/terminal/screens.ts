// The main thread's side of screen.worker.ts. One thread serves all terminals; order within a screen is kept. A thread that dies takes
// the process with it: the supervisor starts it anew, and the shims' rings bring the screens back.
import { Worker } from 'node:worker_threads';

export type ToScreens =
  | { kind: 'open'; screen: number; cols: number; rows: number }
  | { kind: 'write'; screen: number; data: Uint8Array }
  | { kind: 'resize'; screen: number; cols: number; rows: number }
  | { kind: 'serialize'; screen: number; request: number }
  | { kind: 'close'; screen: number };
export type FromScreens =
  | { kind: 'parsed'; screen: number; bytes: number }
  | { kind: 'serialized'; request: number; text: string; rest: Uint8Array };

export interface Snapshot {
  /** To be written to an empty terminal of the same size. */
  text: string;
  /** What to write right after it: the beginning of a letter or sequence that the stream is in the middle of. */
  rest: Buffer;
}

export interface Screen {
  write(data: Buffer): void;
  /** Bytes written but not yet parsed; `onParsed` tells when it shrinks. */
  readonly unparsed: number;
  resize(cols: number, rows: number): void;
  /** The screen after all that was written before this call. Rejects after release. */
  serialize(): Promise<Snapshot>;
  release(): void;
}

export interface Screens {
  open(size: { cols: number; rows: number }, onParsed: () => void): Screen;
  release(): Promise<void>;
}

export function startScreens(): Screens {
  // Beside the sources it is a .ts file, beside the bundle a .js file.
  const file = new URL(import.meta.url.endsWith('.ts') ? './screen.worker.ts' : './screen.worker.js', import.meta.url);
  // Parsing makes much short-lived garbage: with V8's usual nursery eight floods cost 200 MB, with this one 80, at the same speed.
  const worker = new Worker(file, { resourceLimits: { maxYoungGenerationSizeMb: 8 } });
  const parsed = new Map<number, (bytes: number) => void>();
  const requests = new Map<number, { screen: number; resolve: (snapshot: Snapshot) => void; reject: (error: Error) => void }>();
  let next = 1;
  const post = (message: ToScreens, transfer: ArrayBuffer[] = []) => worker.postMessage(message, transfer);

  worker.on('message', (message: FromScreens) => {
    if (message.kind === 'parsed') return parsed.get(message.screen)?.(message.bytes);
    requests.get(message.request)?.resolve({ text: message.text, rest: Buffer.from(message.rest) });
    requests.delete(message.request);
  });
  worker.on('error', error => { throw error; });

  return {
    open({ cols, rows }, onParsed) {
      const id = next++;
      let unparsed = 0;
      let open = true;
      parsed.set(id, bytes => {
        unparsed -= bytes;
        onParsed();
      });
      post({ kind: 'open', screen: id, cols, rows });
      return {
        write(data) {
          unparsed += data.length;
          const copy = new Uint8Array(data); // of these bytes alone: posting a view would clone the whole buffer it looks at
          post({ kind: 'write', screen: id, data: copy }, [copy.buffer]);
        },
        get unparsed() { return unparsed; },
        resize: (newCols, newRows) => post({ kind: 'resize', screen: id, cols: newCols, rows: newRows }),
        serialize: () => new Promise((resolve, reject) => {
          if (!open) return reject(new Error('the terminal has ended'));
          const request = next++;
          requests.set(request, { screen: id, resolve, reject });
          post({ kind: 'serialize', screen: id, request });
        }),
        release() {
          if (!open) return;
          open = false;
          parsed.delete(id);
          for (const [request, waiting] of requests) {
            if (waiting.screen !== id) continue;
            requests.delete(request);
            waiting.reject(new Error('the terminal has ended'));
          }
          post({ kind: 'close', screen: id });
        },
      };
    },
    async release() {
      for (const waiting of requests.values()) waiting.reject(new Error('the server is stopping'));
      requests.clear();
      await worker.terminate();
    },
  };
}
