// Copies of a workspace's lab as it was: made, listed, removed by its learner, and gone with the last lab of the workspace. They are the engine's snapshots,
// under the name that all labs of the workspace have, so a reset leaves them; what they take is missing from the lab's disk. Owned by workspace.ts.
import { asSlipwayError } from '../../runtime/errors.ts';
import { say } from '../../texts/server.ts';
import type { WorkspaceRecord } from '../data/store.ts';
import type { CopiesView } from '../protocol.ts';
import type { Engine } from './engine.ts';
import { labName } from './new-lab.ts';
import { Refusal } from './refusal.ts';

/** A choice that can be overlooked. */
const MOST_COPIES = 3;

export interface CopiesOptions {
  record: WorkspaceRecord;
  engine: Pick<Engine, 'copies' | 'saveCopy' | 'removeCopy' | 'listLabs'>;
  /** False when too many were made in a short time. */
  mayMake: () => boolean;
  onError: (error: unknown) => void;
}

export class Copies {
  private readonly options: CopiesOptions;
  /** One at a time, so that two tabs do not make one too many. */
  private saving = false;

  constructor(options: CopiesOptions) { this.options = options; }

  async list(): Promise<CopiesView> {
    const { engine, record } = this.options;
    const [copies, labs] = await Promise.all([copiesOf(engine, record.id), engine.listLabs()]);
    return { copies: copies.map(({ id, createdAt, bytes }) => ({ id, at: createdAt, bytes })), most: MOST_COPIES, diskBytes: labs.find(lab => lab.id === record.lab)?.limits.diskBytes ?? 0 };
  }

  /** Of the lab as it is now. */
  async save(lab: string): Promise<CopiesView> {
    if (this.saving) throw new Refusal(say('lab.notNow'));
    this.saving = true;
    try {
      if ((await copiesOf(this.options.engine, this.options.record.id)).length >= MOST_COPIES) throw new Refusal(say('copies.tooMany', { count: MOST_COPIES }));
      if (!this.options.mayMake()) throw new Refusal(say('copies.tooFast'));
      await this.options.engine.saveCopy(lab);
    } catch (error) {
      if (error instanceof Refusal || asSlipwayError(error).kind !== 'Conflict') throw error;
      throw new Refusal(say('copies.noRoom'));
    } finally {
      this.saving = false;
    }
    return this.list();
  }

  async remove(id: string): Promise<CopiesView> {
    await this.find(id);
    await this.options.engine.removeCopy(id);
    return this.list();
  }

  /** Throws a Refusal unless it is one of this workspace. */
  async find(id: string) {
    const copy = (await copiesOf(this.options.engine, this.options.record.id)).find(one => one.id === id);
    if (!copy) throw new Refusal(say('copies.none'));
    return copy;
  }
}

/** Newest first. */
async function copiesOf(engine: Pick<Engine, 'copies'>, workspace: string) {
  return (await engine.copies()).filter(({ copyOf }) => copyOf === labName(workspace)).sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
}

/** With the lab that they are copies of. */
export async function removeCopies(engine: Pick<Engine, 'copies' | 'removeCopy'>, workspace: string) {
  for (const { id } of await copiesOf(engine, workspace)) await engine.removeCopy(id);
}
