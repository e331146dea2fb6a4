// Tells the learner when the lab meets one of its own limits, or finds no way out of it: which, and what to do. Goes by what the kernel and the engine count outside; a lab in which nothing
// runs is not read at all, any other at most once a second, and only while a tab has it open. Started by workspace.ts with the watch over its lab.
import type { Figures, Lab } from '../../runtime/lab/control.ts';
import type { Text } from '../../texts/language.ts';
import { say } from '../../texts/server.ts';
import type { Engine } from './engine.ts';

export interface LimitNote { id: string; title: Text; text: Text; command?: string; }
type Kind = 'memory' | 'processes' | 'disk' | 'logs' | 'connections' | 'egress';

/** Of what the engine writes down about a lab, above all logs (runtime/broker/disk.ts). */
const RECORDS_BYTES = 512 << 20;
/** A disk is full for programs somewhat before its last byte. */
const FULL = 0.985;
const ROOM_AGAIN = 0.9;
/** With fewer processes a refusal was a container's own limit. */
const NEARLY = 0.8;
const FEWER_AGAIN = 0.5;
/** What happens again so soon is the same occurrence. */
const SAME_MS = 30_000;
/** Who has been told that there is no way out tries once more, to see; that is no news for a while. */
const SAME_WAY_MS = 10 * 60_000;

/** Remembers what was told, for one lab. Pure but for that. */
export class LimitJudge {
  private before: Figures | undefined;
  private readonly toldAt = new Map<Kind, number>();
  /** Full, and not yet empty again. */
  private readonly full = new Set<Kind>();

  /** Limits met since the last reading that the learner does not know of. */
  next(now: Figures, limits: Pick<Lab['limits'], 'diskBytes' | 'pids'>, at: number): Kind[] {
    const { before } = this;
    this.before = now;
    const gained = (name: 'memoryHits' | 'oomKills' | 'forksRefused' | 'logsFull' | 'connectionsRefused' | 'refused') => before !== undefined && now[name] > before[name];
    const killed = gained('oomKills') || (before !== undefined && (now.killedAt ?? 0) > (before.killedAt ?? 0)); // its counter goes with a container
    const met: Kind[] = [];
    if (gained('memoryHits') && killed && this.isNews('memory', at)) met.push('memory');
    // cgroup v1 counts no refusals in new kernels, but on either the highest number shows the first time.
    const wasThere = before !== undefined && before.pidsPeak < limits.pids && now.pidsPeak >= limits.pids;
    if (this.fills('processes', now.pids >= limits.pids || wasThere || (gained('forksRefused') && now.pids >= limits.pids * NEARLY), now.pids < limits.pids * FEWER_AGAIN)) met.push('processes');
    if (now.diskBytes !== null && this.fills('disk', now.diskBytes >= limits.diskBytes * FULL, now.diskBytes < limits.diskBytes * ROOM_AGAIN)) met.push('disk');
    const records = now.recordsBytes ?? 0;
    if ((gained('logsFull') && this.isNews('logs', at)) || this.fills('logs', records >= RECORDS_BYTES * FULL, records < RECORDS_BYTES * ROOM_AGAIN)) met.push('logs');
    if (gained('connectionsRefused') && this.isNews('connections', at)) met.push('connections');
    if (before?.mayReach.join() !== now.mayReach.join()) this.toldAt.delete('egress'); // it is another matter now
    if (gained('refused') && this.isNews('egress', at, SAME_WAY_MS)) met.push('egress');
    return met;
  }

  private isNews(kind: Kind, at: number, sameMs = SAME_MS): boolean {
    const last = this.toldAt.get(kind);
    this.toldAt.set(kind, at);
    return last === undefined || at - last > sameMs;
  }

  private fills(kind: Kind, isFull: boolean, hasRoom: boolean): boolean {
    if (hasRoom) this.full.delete(kind);
    if (!isFull || this.full.has(kind)) return false;
    this.full.add(kind);
    return true;
  }
}

export interface LimitsOptions {
  engine: Pick<Engine, 'watch' | 'figures'>;
  lab: Lab;
  isOpen(): boolean;
  tell(note: LimitNote): void;
  onError(error: unknown): void;
}

/** The returned function ends it. */
export function watchLimits({ engine, lab, isOpen, tell, onError }: LimitsOptions): () => void {
  const judge = new LimitJudge();
  let reading = false;
  let told = 0;
  const look = () => {
    reading = true;
    read().catch(onError).finally(() => { reading = false; });
  };
  const read = async () => {
    const [figures] = await engine.figures([lab.id]);
    if (!figures) return;
    for (const kind of judge.next(figures, lab.limits, Date.now())) tell({ id: `limit-${kind}-${++told}`, ...noteOf(kind, lab, figures) });
  };
  look(); // what is counted from here on is news, also when nothing has run before it
  return engine.watch({ lab: lab.id, host: lab.hosts[0]!.id }, { wantsLook: () => isOpen() && !reading, look });
}

function noteOf(kind: Kind, { limits }: Lab, { refusedNames, mayReach }: Figures): Omit<LimitNote, 'id'> {
  switch (kind) {
    case 'memory': return { title: say('limit.memory'), text: say('limit.memoryText', { size: sizeOf(limits.memoryBytes) }), command: 'docker ps' };
    case 'processes': return { title: say('limit.processes'), text: say('limit.processesText', { count: limits.pids }) };
    case 'disk': return { title: say('limit.disk'), text: say('limit.diskText', { size: sizeOf(limits.diskBytes) }), command: 'docker system prune' };
    case 'logs': return { title: say('limit.logs'), text: say('limit.logsText') };
    case 'connections': return { title: say('limit.connections'), text: say('limit.connectionsText') };
    case 'egress': {
      const allowed = mayReach.map(entry => `\`${entry}\``).join(', ');
      if (mayReach.length === 0) return { title: say('egress.none'), text: say('egress.noneText') };
      return { title: say('egress.refused'), text: refusedNames.length ? say('egress.refusedNames', { names: refusedNames.map(name => `\`${name}\``).join(', '), allowed }) : say('egress.refusedText', { allowed }) };
    }
  }
}

const sizeOf = (bytes: number): string => (bytes >= 1 << 30 ? `${Math.round((bytes / (1 << 30)) * 10) / 10} GiB` : `${Math.round(bytes / (1 << 20))} MiB`);
