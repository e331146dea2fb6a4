// A request that cannot be granted now; the words are for the learner. Thrown by what serves a workspace, turned into an answer by the gateway.
import { SOURCE, type Text } from '../../texts/language.ts';

export class Refusal extends Error {
  readonly words: Text;
  constructor(words: Text) {
    super(words[SOURCE]);
    this.words = words;
  }
}
