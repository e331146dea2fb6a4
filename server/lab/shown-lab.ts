// What a workspace's page shows of its lab: starting, ready, asleep, gone, each with its words. Owned by workspace.ts; tabs hear of a change, and only of a change.
import type { LabView, Said } from '../protocol.ts';
import type { Announce } from './announce.ts';

export class ShownLab {
  private shown: LabView<Said> = { id: '', hostname: '', state: 'starting' };
  private readonly announce: Announce;

  constructor(announce: Announce) { this.announce = announce; }

  get view(): LabView<Said> { return this.shown; }

  get state(): LabView['state'] { return this.shown.state; }

  change(view: LabView<Said>) {
    if (JSON.stringify(view) === JSON.stringify(this.shown)) return;
    this.shown = view;
    this.announce('lab:state', view);
  }

  /** No lab yet, with what there is to say of it. */
  starting(words: Omit<LabView<Said>, 'id' | 'hostname' | 'state'> = {}) {
    this.change({ id: '', hostname: '', state: 'starting', ...words });
  }

  /** No lab, until the learner asks for one again. */
  gone(problem: LabView<Said>['problem']) {
    this.change({ id: '', hostname: '', state: 'gone', problem });
  }
}
