// Ids and names of containers: what is allowed, who has which, and `mystifying_napier` for those without one.
import { randomBytes, randomInt } from 'node:crypto';
import { SlipwayError } from '../errors.ts';
import type { Host } from './model.ts';

/** 64 hexadecimal digits. The first twelve become the host name, which a resolver takes for an address when they are all decimal: such an id is not used, as in dockerd. */
export function newContainerId(random = () => randomBytes(32).toString('hex')): string {
  for (;;) {
    const id = random();
    if (/[a-f]/.test(id.slice(0, 12))) return id;
  }
}

const ADJECTIVES = `admiring adoring agile amazing amused animated bold brave busy calm candid careful charming clever compassionate confident cool curious
dazzling determined dreamy eager earnest ecstatic elated elegant eloquent epic fervent festive flamboyant focused friendly frosty funny gallant gentle gifted
goofy gracious great happy hardcore hopeful hungry infallible inspiring intelligent jolly jovial keen kind laughing lively loving lucid magical modest
musing mystifying naughty nervous nice nifty nostalgic objective optimistic patient peaceful pedantic pensive practical precious quirky quizzical relaxed
reverent romantic serene sharp silly sleepy stoic sweet tender thirsty trusting unruffled upbeat vibrant vigilant vigorous wizardly wonderful xenodochial
youthful zealous zen`.split(/\s+/);

const SURNAMES = `abel agnesi albattani allen almeida ampere archimedes ardinghelli aryabhata austin babbage banach bardeen bartik bell bernoulli bhabha
bhaskara blackwell bohr booth borg bose boyd brahmagupta brattain brown buck cannon carson cartwright carver cerf chandrasekhar chebyshev clarke colden cori
cray curie curran darwin davinci dewdney dijkstra dirac driscoll easley edison einstein elion engelbart euclid euler faraday feistel fermat fermi feynman
franklin gagarin galileo galois gauss germain goldberg goldstine goldwasser golick goodall gould greider hamilton hamming haslett hawking heisenberg hellman
hermann herschel hertz hodgkin hofstadter hoover hopper hypatia jang jemison jennings jepsen johnson joliot jones kalam kapitsa kare keldysh keller kepler
khayyam khorana kilby kirch knuth kowalevski lalande lamarr lamport leakey leavitt lehmann lewin lovelace lumiere mahavira mayer mccarthy mcclintock mclean
mcnulty mendel mendeleev meitner meninsky merkle mestorf mirzakhani morse murdock napier nash neumann newton nightingale nobel noether northcutt noyce panini
pare pascal pasteur payne perlman pike poincare poitras ptolemy raman ramanujan rhodes ride ritchie roentgen rosalind rubin saha sammet shannon shaw shirley
shockley sinoussi snyder spence stallman stonebraker sutherland swanson swartz swirles taussig tesla tharp thompson torvalds turing varahamihira villani
visvesvaraya volhard wescoff wilbur wiles williams wilson wing wozniak wright wu yalow yonath zhukovsky`.split(/\s+/);

const VALID = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** Reserves the name for the id. Throws Docker's InvalidParameter or Conflict. */
export function reserveName(host: Host, given: string, id: string): string {
  const name = given.replace(/^\//, '');
  if (!VALID.test(name)) throw new SlipwayError('InvalidParameter', `Invalid container name (${given}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  const holder = host.names.get(name);
  if (holder !== undefined) throw new SlipwayError('Conflict', `Conflict. The container name "/${name}" is already in use by container "${holder}". You have to remove (or rename) that container to be able to reuse that name.`);
  host.names.set(name, id);
  return name;
}

/** A free name made of an adjective and a scientist; after many clashes with a digit. */
export function generateName(host: Host, id: string): string {
  for (let tries = 0; ; tries++) {
    const name = `${pick(ADJECTIVES)}_${pick(SURNAMES)}${tries > 5 ? randomInt(10 ** Math.min(tries - 5, 9)) : ''}`;
    if (!host.names.has(name)) {
      host.names.set(name, id);
      return name;
    }
  }
}

const pick = (words: readonly string[]) => words[randomInt(words.length)]!;
