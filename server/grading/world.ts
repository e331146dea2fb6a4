// What the grader knows of a lab: one fact sheet per container it has ever seen, and the images. Built from the journal, entry by entry,
// and completed from the engine's records (evidence). A container that is gone keeps its sheet, so --rm leaves traces.
import type { ContainerState } from '../../lessons/container-where.ts';
import type { ApiCall, EngineEvent, Evidence, JournalEntry } from '../../runtime/lab/control.ts';
import type { Details } from '../../runtime/lab/readings.ts';

export interface ContainerFact {
  id: string;
  name: string;
  /** As it was typed: nginx:1.22. */
  image: string;
  imageId?: string | undefined;
  state: ContainerState;
  exitCode?: number | undefined;
  labels: Record<string, string>;
  command?: string | undefined;
  tty?: boolean | undefined;
  interactive?: boolean | undefined;
  autoRemove?: boolean | undefined;
  /** The learner gave the name. */
  named?: boolean | undefined;
  /** Nobody was attached when it was last started. */
  detached?: boolean | undefined;
  /** Starts seen in the journal. */
  starts: number;
  /** The engine's records say that it has run, though its start may not be in what the journal still keeps. */
  hasRun?: boolean | undefined;
  /** When it was last started, in ms. */
  startedAtMs?: number | undefined;
  /** 0 when it is older than what the journal keeps: then it was surely not made after a task opened. */
  createdSeq: number;
  /** What docker inspect shows, as the engine last said. */
  record?: Record<string, unknown> | undefined;
  /** The journal's position of the last change. */
  changedSeq: number;
}

export interface World {
  containers: ReadonlyMap<string, ContainerFact>;
  /** Null until the engine has been asked. */
  images: readonly { id: string; references: string[]; sizeBytes: number }[] | null;
  /** Records in full of images, volumes and networks: null until a task has asked for them. */
  details: Details | null;
  /** Where the journal was when these records last changed, and when records were last read. */
  detailsSeq: number;
  recordsSeq: number;
}

/** So that a loop that makes and removes containers does not fill our memory. */
const REMOVED_KEPT = 300;

export class Facts implements World {
  readonly containers = new Map<string, ContainerFact>();
  images: World['images'] = null;
  details: World['details'] = null;
  detailsSeq = 0;
  recordsSeq = -1;
  private readonly attached = new Set<string>();

  /** Returns the container that the entry is about, if any. */
  feed(entry: JournalEntry): ContainerFact | undefined {
    if (entry.kind === 'event') return entry.event.Type === 'container' ? this.event(entry.event, entry.seq) : undefined;
    return this.call(entry.call);
  }

  private event(event: EngineEvent, seq: number): ContainerFact {
    const { ID: id, Attributes: attributes } = event.Actor;
    let fact = this.containers.get(id);
    if (!fact) {
      fact = { id, name: '', image: '', state: 'created', labels: {}, starts: 0, createdSeq: seq, changedSeq: seq };
      this.containers.set(id, fact);
    }
    fact.name = attributes.name ?? fact.name;
    fact.image = attributes.image ?? fact.image;
    const action = actionOf(event);
    if (action === 'create') {
      fact.createdSeq = seq; // the records may have been quicker than the journal
      const { name: _name, image: _image, ...labels } = attributes;
      fact.labels = labels;
    }
    if (action === 'attach') this.attached.add(id);
    if (action === 'start') {
      fact.starts += 1;
      fact.startedAtMs = event.timeNano / 1e6;
      fact.detached = !this.attached.delete(id);
    }
    if (action === 'die') {
      fact.exitCode = Number(attributes.exitCode ?? 0);
      this.attached.delete(id);
    }
    const next = stateAfter(action, fact.state);
    if (next || action === 'rename' || action === 'start') fact.changedSeq = seq;
    if (next) fact.state = next;
    if (action === 'destroy') this.forgetOldest();
    return fact;
  }

  private call(call: ApiCall): ContainerFact | undefined {
    const fact = call.path === '/containers/create' && call.status < 400 ? this.created(call) : call.container && this.containers.get(call.container.id);
    if (!fact || call.status >= 400) return fact;
    // docker attaches stdin, and sends a size, only to a container that was made with -i, or -t: seen even of one that lived too briefly to be read.
    if (call.path.endsWith('/attach') && call.query.stdin === '1') fact.interactive = true;
    if (/^\/containers\/[^/]+\/resize$/.test(call.path)) fact.tty = true;
    if (call.method === 'DELETE') fact.autoRemove ??= false;
    else if (call.path.endsWith('/wait') && call.query.condition === 'removed') fact.autoRemove = true;
    return fact;
  }

  /** The container that this call made: its event came just before, and the call tells whether the name was the learner's. */
  private created(call: ApiCall): ContainerFact | undefined {
    const fact = (call.container && this.containers.get(call.container.id))
      ?? [...this.containers.values()].findLast(one => one.named === undefined && (!call.query.name || one.name === call.query.name));
    if (fact) fact.named = Boolean(call.query.name);
    return fact;
  }

  /** Completes the sheets from the engine's records; an older reading never overrides a newer event. */
  complete(evidence: Evidence) {
    this.images = evidence.images.map(image => ({ id: text(image.Id), references: strings(image.RepoTags), sizeBytes: Number(image.Size ?? 0) }));
    this.recordsSeq = evidence.seq;
    if (evidence.details && JSON.stringify(evidence.details) !== JSON.stringify(this.details)) {
      this.details = evidence.details;
      this.detailsSeq = evidence.seq;
    }
    const present = new Set<string>();
    for (const record of evidence.containers) present.add(this.completeOne(record, evidence.seq));
    for (const fact of this.containers.values()) {
      if (fact.state !== 'removed' && !present.has(fact.id) && fact.changedSeq <= evidence.seq) {
        fact.state = 'removed';
        fact.changedSeq = evidence.seq;
      }
    }
  }

  private completeOne(record: Record<string, unknown>, seq: number): string {
    const id = text(record.Id);
    const config = object(record.Config);
    const state = object(record.State);
    const seen = this.containers.get(id);
    const fact: ContainerFact = seen ?? { id, name: '', image: '', state: 'created', labels: {}, starts: 0, createdSeq: 0, changedSeq: 0 };
    if (!seen) this.containers.set(id, fact);
    fact.record = record;
    fact.imageId = text(record.Image);
    fact.tty = config.Tty === true;
    fact.interactive = config.OpenStdin === true;
    fact.autoRemove = object(record.HostConfig).AutoRemove === true;
    fact.labels = object(config.Labels) as Record<string, string>;
    fact.command = [text(record.Path), ...strings(record.Args)].join(' ').trim();
    fact.image ||= text(config.Image);
    if (fact.changedSeq > seq || fact.state === 'removed') return id;
    fact.name = text(record.Name).replace(/^\//, '');
    const status = text(state.Status);
    const now: ContainerState = status === 'running' || status === 'paused' || status === 'created' ? status : status === 'restarting' ? 'running' : 'exited';
    if (now !== fact.state || !seen) {
      fact.state = now;
      fact.changedSeq = seq;
    }
    fact.hasRun = now !== 'created';
    if (now === 'running') fact.startedAtMs ??= Date.parse(text(state.StartedAt)) || undefined;
    if (now === 'exited') fact.exitCode = Number(state.ExitCode ?? 0);
    return id;
  }

  private forgetOldest() {
    const removed = [...this.containers.values()].filter(fact => fact.state === 'removed');
    for (const fact of removed.slice(0, Math.max(0, removed.length - REMOVED_KEPT))) this.containers.delete(fact.id);
  }
}

/** `exec_create: ls -l` and `health_status: healthy` carry their detail in the action. */
export const actionOf = (event: EngineEvent) => event.Action.split(':')[0]!;

function stateAfter(action: string, before: ContainerState): ContainerState | undefined {
  switch (action) {
    case 'create': return 'created';
    case 'start': case 'unpause': return 'running';
    case 'pause': return 'paused';
    case 'die': return before === 'removed' ? undefined : 'exited';
    case 'destroy': return 'removed';
    default: return undefined;
  }
}

/** nginx, docker.io/library/nginx and nginx:latest are one image. */
export function sameImage(a: string, b: string): boolean {
  return normal(a) === normal(b);
}
function normal(reference: string): string {
  const short = reference.replace(/^(docker\.io|index\.docker\.io)\//, '').replace(/^library\//, '');
  return /[:@][^/]*$/.test(short) ? short : `${short}:latest`;
}

const text = (value: unknown) => (typeof value === 'string' ? value : '');
const strings = (value: unknown) => (Array.isArray(value) ? value.filter(v => typeof v === 'string') : []);
const object = (value: unknown) => (typeof value === 'object' && value !== null ? value as Record<string, unknown> : {});
