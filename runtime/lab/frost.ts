// Labs whose processes stand still for a short absence, and the engine's broker for all of them: whatever is about to be done in a frozen lab thaws it
// first, whoever asks, so that no verb, helper or check ever waits for somebody who cannot move. Made by engine.ts; labs.ts freezes and thaws.
// What is known here ends with the engine: a new one thaws what it finds.
import type { z } from 'zod';
import type { BrokerVerbs } from '../kernel/protocol.ts';
import { PatientBroker } from '../kernel/patient-broker.ts';
import { Turns } from '../turns.ts';

/** They need processes of the lab to move, or wait for what they did. Reading, snapshots and disposal do not. */
const STIRRING: ReadonlySet<string> = new Set(['createHost', 'startTask', 'killTask', 'freeze', 'killCgroup', 'relay', 'suspendLab'] satisfies (keyof BrokerVerbs)[]);

/** What a learner can have asked again and again. The broker does one thing after another for all labs: a lab that asks for hundreds waits for its own. */
const MANY: ReadonlySet<string> = new Set(['startTask', 'listTasks', 'killTask', 'forgetTask', 'freeze', 'killCgroup', 'cgroupFiles'] satisfies (keyof BrokerVerbs)[]);
const AT_ONCE = 16;

export class FrostyBroker extends PatientBroker {
  private readonly asking = new Turns(AT_ONCE);
  private readonly frozen = new Set<string>();
  /** Freezing and thawing of one lab take turns. */
  private readonly turns = new Map<string, Promise<unknown>>();
  /** Calls under way that need the lab to move. */
  private readonly stirred = new Map<string, number>();

  isFrozen(lab: string): boolean { return this.frozen.has(lab); }

  /** False when something is being done in it at this moment. */
  freezeLab(lab: string): Promise<boolean> {
    return this.inTurn(lab, async () => {
      if (this.frozen.has(lab)) return true;
      if (this.stirred.has(lab)) return false;
      await super.call('freezeLab', { lab, frozen: true });
      this.frozen.add(lab);
      if (this.stirred.has(lab)) await this.thawNow(lab); // somebody came meanwhile
      return this.frozen.has(lab);
    });
  }

  /** Afterwards it moves, or this has thrown. */
  async thawLab(lab: string): Promise<void> {
    if (this.frozen.has(lab) || this.turns.has(lab)) await this.inTurn(lab, () => this.thawNow(lab));
  }

  /** It is not there any more, or its processes have ended. */
  forget(lab: string) { this.frozen.delete(lab); }

  override async call<K extends keyof BrokerVerbs & string>(verb: K, body: z.input<BrokerVerbs[K]['request']>): Promise<z.output<BrokerVerbs[K]['response']>> {
    const ask = () => (MANY.has(verb) ? this.asking.take((body as { lab: string }).lab, () => super.call(verb, body)) : super.call(verb, body));
    const lab = STIRRING.has(verb) ? (body as { lab: string }).lab : undefined;
    if (lab === undefined) return ask();
    this.stirred.set(lab, (this.stirred.get(lab) ?? 0) + 1);
    try {
      await this.thawLab(lab);
      return await ask();
    } finally {
      const left = this.stirred.get(lab)! - 1;
      if (left) this.stirred.set(lab, left);
      else this.stirred.delete(lab);
    }
  }

  private async thawNow(lab: string) {
    if (!this.frozen.has(lab)) return;
    await super.call('freezeLab', { lab, frozen: false });
    this.frozen.delete(lab);
  }

  private inTurn<T>(lab: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.turns.get(lab) ?? Promise.resolve()).then(work, work);
    const settled = turn.catch(() => undefined).then(() => { if (this.turns.get(lab) === settled) this.turns.delete(lab); });
    this.turns.set(lab, settled);
    return turn;
  }
}
