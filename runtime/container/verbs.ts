// The verbs of containers, one per file of the same name beside this, as runtime/api calls them. Types only.
// All throw SlipwayError with Docker's text. Listing with filters and reading logs (paths.ts containerLog) is the API's.
import type { CreateBody } from './config.ts';
import type { AttachOptions, Attachment, Container, Exec, ExecConfig, Host, OutputSink, WaitCondition, WaitResult } from './model.ts';

export interface ContainerVerbs {
  /** resolve.ts: by id, name (with or without slash) or unambiguous id prefix. `No such container: x`. */
  resolve(host: Host, ref: string): Container;
  /** create.ts: `name` null generates one. `No such image: x` is NotFound: the CLI then pulls. */
  create(host: Host, request: { name: string | null; platform: string; body: CreateBody }): Promise<{ id: string; warnings: string[] }>;
  /** start.ts: resolves when the process runs. NotModified when it already does. `consoleSize` [rows, columns]. */
  start(host: Host, container: Container): Promise<void>;
  /** stop.ts: NotModified when it does not run. */
  stop(host: Host, container: Container, options: { timeoutSeconds: number | null; signal: string | null }): Promise<void>;
  restart(host: Host, container: Container, options: { timeoutSeconds: number | null; signal: string | null }): Promise<void>;
  /** kill.ts: signal is a name with or without SIG, or a number. */
  kill(host: Host, container: Container, options: { signal: string }): Promise<void>;
  pause(host: Host, container: Container): Promise<void>;
  unpause(host: Host, container: Container): Promise<void>;
  remove(host: Host, container: Container, options: { force: boolean; volumes: boolean }): Promise<void>;
  rename(host: Host, container: Container, name: string): Promise<void>;
  /** wait.ts: registered before it returns, so headers may be sent at once. Rejects only when `signal` aborts. */
  wait(host: Host, container: Container, options: { condition: WaitCondition; signal: AbortSignal }): Promise<WaitResult>;
  /** attach.ts: a container that is created or exited is waited for: its next start's output comes from the first byte. */
  attach(host: Host, container: Container, options: AttachOptions): Promise<Attachment>;
  resize(host: Host, container: Container, size: { rows: number; cols: number }): Promise<void>;
  top(host: Host, container: Container, psArgs: string): Promise<{ Titles: string[]; Processes: string[][] }>;
  /** inspect.ts: the JSON of GET /containers/{id}/json. */
  inspect(host: Host, container: Container, options: { size: boolean }): Promise<Record<string, unknown>>;
  /** inspect.ts: what GET /containers/json shows under NetworkSettings.Networks, Ports, Mounts. */
  networks(host: Host, container: Container): Record<string, unknown>;
  ports(container: Container): { IP?: string; PrivatePort: number; PublicPort?: number; Type: string }[];
  mounts(container: Container): Record<string, unknown>[];
  /** exec.ts. startExec: with a null sink it is detached and resolves to null. */
  createExec(host: Host, container: Container, config: ExecConfig): Promise<Exec>;
  startExec(host: Host, exec: Exec, options: { tty: boolean; consoleSize: [number, number] | null; sink: OutputSink | null }): Promise<Attachment | null>;
  inspectExec(host: Host, exec: Exec): Record<string, unknown>;
  resizeExec(host: Host, exec: Exec, size: { rows: number; cols: number }): Promise<void>;
  /** exec.ts: `No such exec instance: x`. */
  resolveExec(host: Host, ref: string): Exec;
  /** remove-volume.ts: the caller has seen that nobody uses it. */
  removeVolume(host: Host, name: string): Promise<void>;
}
