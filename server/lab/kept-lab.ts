// The lab of a workspace as the engine has it: found again, opened when it sleeps, made when there is none, given up. Owned by workspace.ts, which
// says when; nothing here is told to a tab.
import type { Lesson, Task } from '../../lessons/schema.ts';
import { asSlipwayError } from '../../runtime/errors.ts';
import type { HostRef } from '../../runtime/kernel/protocol.ts';
import type { Lab } from '../../runtime/lab/control.ts';
import type { Text } from '../../texts/language.ts';
import type { Store, WorkspaceRecord } from '../data/store.ts';
import { carriedOver } from '../grading/types.ts';
import type { Engine } from './engine.ts';
import { makeNewLab } from './new-lab.ts';
import { layChanged } from './prepare.ts';

export interface KeptLabOptions {
  record: WorkspaceRecord;
  engine: Engine;
  store: Store;
  /** Never rejects. */
  openWay: (lab: string) => Promise<void>;
  /** The engine has said how it is: whatever was believed of its sleep counts no more. */
  onLooked: () => void;
  onError: (error: unknown) => void;
}

export class KeptLab {
  /** Once the engine has shown it; suspended or not looked for, there is none. */
  lab: Lab | undefined;
  /** To be done for the learner in the lab that is made next. */
  skip: readonly Task[] = [];
  /** The copy that the lab which is made next comes from. */
  from: string | undefined;
  /** The learner has done tasks in an earlier lab than this one. */
  fresh = false;
  /** The lesson as its files lie in the lab, where that is not the lesson as it is: laying them has failed. */
  private laid: Lesson | undefined;
  private readonly options: KeptLabOptions;

  constructor(options: KeptLabOptions) { this.options = options; }

  get host(): HostRef | undefined {
    const host = this.lab?.hosts[0];
    return this.lab && host ? { lab: this.lab.id, host: host.id } : undefined;
  }

  /** Whether the engine has it, opened again if it was suspended; one whose host has ended is removed. (Not inspectLab: that measures the lab, too.) */
  async find(id: string): Promise<boolean> {
    const { engine } = this.options;
    const lab = (await engine.listLabs()).find(known => known.id === id);
    this.options.onLooked();
    if (lab && lab.state !== 'running') {
      try {
        this.lab = await engine.resumeLab(id);
        void this.options.openWay(id);
        return true;
      } catch (error) {
        if (asSlipwayError(error).kind !== 'NotFound') throw error;
        await engine.disposeLab(id); // its disk went with the machine's power
        return false;
      }
    }
    this.lab = lab?.hosts[0]?.state === 'running' ? lab : undefined;
    if (lab && !this.lab) await engine.disposeLab(id);
    if (this.lab) void this.options.openWay(id);
    return this.lab !== undefined;
  }

  async sleeps(): Promise<boolean> {
    const { record, engine } = this.options;
    return record.lab !== null && (await engine.listLabs().catch(() => [])).some(lab => lab.id === record.lab && lab.state === 'suspended');
  }

  /** A new one, prepared by its lesson. Not the workspace's before it is ready: a crash leaves it to the sweep. Throws a PreparationError when the lesson could not. */
  async make(lesson: Lesson, signal: AbortSignal, onDoing: (doing: Text) => void) {
    const { engine, store, record, openWay, onError } = this.options;
    const { lab, fresh } = await makeNewLab({ engine, store, record, lesson, skip: this.skip, from: this.from, openWay, onDoing, onError, signal });
    this.laid = lesson;
    this.fresh = fresh;
    this.skip = [];
    this.from = undefined;
    this.lab = lab;
  }

  /** The lesson's files are laid anew where its author has changed them, and the learner has not. */
  async lay(before: Lesson, lesson: Lesson) {
    const { host } = this;
    if (!host) return;
    const laid = this.laid ?? before;
    try {
      await layChanged(this.options.engine.exec, host, laid, lesson);
      this.laid = lesson;
    } catch (error) {
      this.laid = laid;
      this.options.onError(error);
    }
  }

  /** Ends the attempt and begins the next, without touching the engine. */
  async drop() {
    const { record, store } = this.options;
    this.lab = undefined;
    record.lab = null;
    record.attempt = await store.beginAttempt(record.id, carriedOver);
  }
}
