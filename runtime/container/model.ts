// The nouns of the engine: a host of a lab, its containers and execs. Verbs (one per file beside this) change them;
// runtime/api reads them. Records are persisted as JSON (records.ts); whatever is under `live` is not.

import type { RpcClient } from '../rpc.ts';
import type { BrokerVerbs, HostRef, Limits, Profile } from '../kernel/protocol.ts';
import type { ShimConnection, TaskEnd } from '../kernel/shim.ts';
import type { ContainerConfig, EndpointRequest, HostConfig } from './config.ts';
import type { Daemon } from '../lab/daemon.ts';
import type { EventBus } from '../lab/events.ts';
import type { Journal } from '../lab/journal.ts';
import type { Networks } from '../network/model.ts';
import type { Volumes } from '../volume/volumes.ts';

/** One Docker host of a lab: everything that `docker` on it can name. */
export interface Host {
  readonly ref: HostRef;
  readonly hostname: string;
  readonly profile: Profile;
  readonly limits: Limits;
  readonly createdAt: string;
  /** By id, in order of creation. */
  readonly containers: Map<string, Container>;
  /** Name (without slash) → container id. Names are reserved before a container exists. */
  readonly names: Map<string, string>;
  /** By id; forgotten some minutes after the exec ended. */
  readonly execs: Map<string, Exec>;
  readonly images: Images;
  readonly events: EventBus;
  readonly journal: Journal;
  readonly networks: Networks;
  readonly nameServer: NameServer;
  readonly volumes: Volumes;
  readonly broker: RpcClient<BrokerVerbs>;
  /** Its processes stand still for a short absence: what would only look does not wake them. */
  isFrozen(): boolean;
  readonly cgroupVersion: 'v1' | 'v2';
  /** Its daemon.json, as far as it is in effect. */
  readonly daemon: Daemon;
  /** Faults of ours, for the engine's log. */
  onError(error: unknown): void;
  /** Its containers are steps of a build, which nobody else sees (build/step-host.ts). */
  readonly ofBuild?: true;
  /** Set once the lab is being disposed of: no new work. */
  readonly closing: AbortController;
}

/** Answers names in user-defined networks (container/name-server.ts). */
export interface NameServer {
  /** Runs when this resolves. Called before the first network with names is used. */
  ensure(): Promise<void>;
  /** Lets go of it; it lives on. */
  close(): void;
}

/** What containers need of the host's image store; runtime/image implements it. */
export interface Images {
  /** By reference (`nginx`, `nginx:1.22`, `nginx@sha256:…`), id or id prefix. Throws NotFound `No such image: nginx:latest`. */
  resolve(reference: string): Promise<ImageForContainer> | ImageForContainer;
}

export interface ImageForContainer {
  /** `sha256:…` of the image's configuration. */
  id: string;
  config: ImageConfig;
  /** Keys (paths.ts layerKey) of unpacked layers that hosts see in hostLayersDir, lowest first. */
  layers: string[];
}

/** The image configuration's `config`: https://github.com/opencontainers/image-spec/blob/v1.1.0/config.md */
export interface ImageConfig {
  User?: string; ExposedPorts?: Record<string, unknown> | null; Env?: string[] | null; Entrypoint?: string[] | null; Cmd?: string[] | null;
  Volumes?: Record<string, unknown> | null; WorkingDir?: string; Labels?: Record<string, string> | null; StopSignal?: string;
  Healthcheck?: ContainerConfig['Healthcheck']; Shell?: string[] | null; OnBuild?: string[] | null;
}

/** ISO 8601 in UTC with nanoseconds, as Docker prints times. */
export type Timestamp = string;
export const ZERO_TIME: Timestamp = '0001-01-01T00:00:00Z';

/**
 * created: never ran, or its only start failed (then exitCode and error tell why; inspect shows them).
 * restarting: between an exit and the next try of its restart policy. dead: removal failed half-way.
 */
export type ContainerState =
  | { status: 'created'; exitCode: number; error: string }
  | { status: 'running'; startedAt: Timestamp; finishedAt: Timestamp; pid: number; endpoints: Endpoint[] }
  | { status: 'paused'; startedAt: Timestamp; finishedAt: Timestamp; pid: number; endpoints: Endpoint[] }
  | { status: 'restarting'; startedAt: Timestamp; finishedAt: Timestamp; exitCode: number; oomKilled: boolean; error: string; attempt?: StartAttempt }
  | { status: 'exited'; startedAt: Timestamp; finishedAt: Timestamp; exitCode: number; oomKilled: boolean; error: string }
  | { status: 'dead'; startedAt: Timestamp; finishedAt: Timestamp; exitCode: number; oomKilled: boolean; error: string };
export type ContainerStatus = ContainerState['status'];
/** Written down before a start by policy is asked for: an engine that finds it knows what was under way, and takes it on. */
export interface StartAttempt { at: Timestamp; endpoints: Endpoint[] }
export type RunningState = Extract<ContainerState, { status: 'running' | 'paused' }>;

/** A container's place in a network while it runs. Ports are those that were really bound. */
export interface Endpoint {
  endpointId: string;
  sandboxId: string;
  network: string;
  networkId: string;
  /** The container's name for the link. */
  ifname: string;
  ip: string;
  prefix: number;
  /** '' in an internal network. */
  gateway: string;
  ip6: string;
  prefix6: number;
  gateway6: string;
  mac: string;
  /** Further addresses that the user has asked for. */
  linkLocal?: readonly string[];
  /** Its link hangs on a parent (macvlan, ipvlan): there is no other end in the host. */
  withoutVeth?: true;
  ports: PublishedPort[];
  /** What it is called in the network; null where there are no names. */
  dnsNames: string[] | null;
  /** Names of others that it alone is answered there. */
  links?: readonly { alias: string; target: string }[];
}
export interface PublishedPort { containerPort: number; protocol: 'tcp' | 'udp' | 'sctp'; hostIp: string; hostPort: number }

/** A mount as `docker inspect` lists it under Mounts. `source` is a path in the host. */
export interface MountPoint {
  type: 'bind' | 'volume' | 'tmpfs';
  name: string;
  source: string;
  destination: string;
  driver: string;
  mode: string;
  rw: boolean;
  propagation: string;
  /** An anonymous volume goes with `rm -v` and `--rm`. */
  anonymous: boolean;
  /** A new volume stays empty, rather than start with what the image has in its place. */
  noCopy?: boolean;
  /** Of a volume: which part of it is mounted. */
  subpath?: string;
  /** Of a bind: without what is mounted below it. */
  nonRecursive?: boolean;
  /** Read-only, but what is mounted below it is as it was. */
  readOnlyNonRecursive?: boolean;
  /** A bind whose source is made when it is not there, as with -v. */
  makesSource?: boolean;
  /** Came in HostConfig.Mounts rather than Binds or Volumes. */
  fromMounts: boolean;
}

/** What is persisted of a container. */
export interface ContainerRecord {
  readonly id: string;
  /** Without the leading slash. */
  name: string;
  readonly created: Timestamp;
  readonly imageId: string;
  /** Copied at creation: a container outlives its image's tags, and its image's record. */
  readonly layers: readonly string[];
  readonly path: string;
  readonly args: readonly string[];
  /** Merged with the image's configuration, as inspect shows it. `Image` is as the user wrote it. */
  readonly config: ContainerConfig;
  /** update.ts replaces it. */
  hostConfig: HostConfig;
  /** By name of network: which it is to be in, whether it runs or not. */
  endpoints: Record<string, EndpointRequest | null>;
  /** What legacy links add to its environment; found out at each start. */
  linkEnv?: string[];
  readonly mounts: readonly MountPoint[];
  state: ContainerState;
  restartCount: number;
  hasBeenStarted: boolean;
  /** A step of a build: a restarted engine removes what a crash has left of it. */
  ofBuild?: true;
  /** `docker stop` or kill by the user: no restart policy brings it back. */
  stoppedByUser: boolean;
}

export interface Container {
  readonly record: ContainerRecord;
  readonly live: ContainerLive;
}

/** What exists only while this engine process does. */
export interface ContainerLive {
  /** Verbs that change the state run one at a time. */
  busy: Promise<unknown>;
  /** The engine's own connection to the running container's shim. */
  shim: ShimConnection | null;
  /** Attached before start: they get a connection each when it starts. */
  readonly pendingAttachments: Set<PendingAttachment>;
  /** Called once each at the next exit. */
  readonly exitWaiters: Set<(result: WaitResult) => void>;
  /** Called once each when it has ended, though a restart policy may bring it back: that is what `not-running` means to dockerd. */
  readonly stopWaiters: Set<(result: WaitResult) => void>;
  /** Starts it within a turn; set by its first start, for its restart policy. */
  startAgain: (() => Promise<void>) | null;
  restartTimer: NodeJS.Timeout | null;
  /** Its host is being shut down: no policy starts it before that is up again, and that counts as nobody's stop. */
  heldDown: boolean;
  /** Before the next restart by policy; 0 when there was none yet. */
  restartDelayMs: number;
  readonly removeWaiters: Set<(result: WaitResult) => void>;
  readonly execIds: Set<string>;
  /** Of one with a health check, since it last started. */
  health: Health | null;
  /** A removal is under way: inspect and ps say `removing`, other verbs refuse. */
  removing: boolean;
}

/** As inspect shows it. `log` has the latest results, oldest first. */
export interface Health { status: 'starting' | 'healthy' | 'unhealthy'; failingStreak: number; log: { Start: Timestamp; End: Timestamp; ExitCode: number; Output: string }[] }

export interface PendingAttachment { connect(shim: ShimConnection): void; abandon(reason: string): void }

export interface WaitResult { exitCode: number; error: string | null }
export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

/** Where the output of an attachment goes. */
export interface OutputSink {
  /** 1 stdout (and everything of a tty), 2 stderr. Return false to stop the flow until `Attachment.drained()`. */
  write(stream: 1 | 2, data: Buffer): boolean;
  /** Exactly once: the process has ended and all output was written, or the container could not be started, or was detached. */
  end(end: TaskEnd): void;
}

export interface AttachOptions { stdin: boolean; stdout: boolean; stderr: boolean; sink: OutputSink }

/** A client's hold on a process's stdio. Before the start, input is kept (from 1 MiB on `stdin` answers false). */
export interface Attachment {
  /** False: wait for `onDrain` before sending more. */
  stdin(data: Buffer): boolean;
  onDrain(listener: () => void): void;
  /** The client has no more input. Reaches the process only when the container's StdinOnce (an exec: always). */
  closeStdin(): void;
  drained(): void;
  /** Detach keys or a client that has gone: the process lives on. `byKeys` emits Docker's `detach` event. Idempotent. */
  detach(options?: { byKeys?: boolean }): void;
}

/** POST /containers/{id}/exec. Decoded by execConfigSchema in exec.ts. */
export interface ExecConfig {
  user: string; tty: boolean; attachStdin: boolean; attachStdout: boolean; attachStderr: boolean; privileged: boolean;
  env: string[]; workingDir: string; cmd: string[]; detachKeys: string; consoleSize: [number, number] | null;
}

export interface Exec {
  readonly id: string;
  readonly container: Container;
  readonly config: ExecConfig;
  state: { status: 'created' } | { status: 'running'; pid: number; shim: ShimConnection } | { status: 'exited'; exitCode: number; pid: number };
}


