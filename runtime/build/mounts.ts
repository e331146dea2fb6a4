// RUN --mount: what is mounted while a step runs. Pure: from the flag's words to mounts, with BuildKit's words for what is wrong.
// https://docs.docker.com/reference/dockerfile/#run---mount
import { posix } from 'node:path';
import { SlipwayError } from '../errors.ts';

export interface RunMount {
  type: 'bind' | 'cache' | 'tmpfs' | 'secret';
  target: string;
  /** Below the root of where it comes from. */
  source: string;
  /** A stage, an image, a named context; empty: the build context, or nothing (cache). */
  from: string;
  readOnly: boolean;
  id: string;
  sharing: 'shared' | 'private' | 'locked';
  required: boolean;
  mode: number | null;
  uid: number;
  gid: number;
  /** Bytes of a tmpfs; 0: no limit of its own. */
  size: number;
}

const KEYS = ['type', 'target', 'dst', 'destination', 'source', 'src', 'from', 'readonly', 'ro', 'rw', 'readwrite', 'id', 'sharing', 'required', 'mode', 'uid', 'gid', 'size'];
const invalid = (what: string) => new SlipwayError('InvalidParameter', what);

/** `expand` replaces variables in values, as BuildKit allows it for all but from. */
export function parseMount(text: string, workingDir: string, expand: (value: string) => string): RunMount {
  const given = new Map<string, string | undefined>();
  for (const field of text.split(',')) {
    const [, key = '', value] = /^([^=]*)(?:=([\s\S]*))?$/.exec(field)!;
    if (!KEYS.includes(key.toLowerCase())) throw invalid(`unexpected key '${key}' in '${field}'`);
    given.set(key.toLowerCase(), value === undefined || key === 'from' ? value : expand(value));
  }
  const one = (...names: string[]) => names.map(name => given.get(name)).find(value => value !== undefined) ?? '';
  const flag = (...names: string[]) => names.some(name => given.has(name) && !['false', '0'].includes(given.get(name) ?? 'true'));
  const number = (name: string, radix: number) => {
    const value = given.get(name);
    if (value === undefined) return null;
    const parsed = Number.parseInt(value, radix);
    if (!/^\d+$/.test(value) || Number.isNaN(parsed)) throw invalid(`invalid value ${value} for ${name}`);
    return parsed;
  };
  const type = one('type') || 'bind';
  if (type === 'ssh') throw invalid('this engine has no SSH agent to forward: RUN --mount=type=ssh cannot be used in a lab');
  if (type !== 'bind' && type !== 'cache' && type !== 'tmpfs' && type !== 'secret') throw invalid(`unsupported mount type ${JSON.stringify(type)}`);
  const source = one('source', 'src');
  const id = one('id') || (type === 'secret' ? posix.basename(source || one('target', 'dst', 'destination')) : '');
  const asked = one('target', 'dst', 'destination') || (type === 'secret' && id ? `/run/secrets/${id}` : '');
  if (asked === '') throw invalid('target required in mount');
  if (type === 'secret' && id === '') throw invalid('one of source, target required');
  const target = posix.resolve(workingDir || '/', asked);
  if (target === '/') throw invalid(`invalid mount target ${JSON.stringify(target)}`);
  const sharing = one('sharing') || 'shared';
  if (sharing !== 'shared' && sharing !== 'private' && sharing !== 'locked') throw invalid(`unsupported sharing value ${JSON.stringify(sharing)}`);
  return {
    type, target, source: posix.normalize(`/${type === 'secret' ? '' : source}`), from: one('from'), sharing, required: flag('required'),
    readOnly: type === 'bind' ? !flag('rw', 'readwrite') && !(given.has('readonly') && !flag('readonly')) : flag('readonly', 'ro'),
    id: id || (type === 'cache' ? target : ''), mode: number('mode', 8), uid: number('uid', 10) ?? 0, gid: number('gid', 10) ?? 0, size: sizeOf(one('size')),
  };
}

const UNITS: Record<string, number> = { '': 1, b: 1, k: 1 << 10, m: 1 << 20, g: 2 ** 30, t: 2 ** 40 };
function sizeOf(text: string): number {
  if (text === '') return 0;
  const match = /^(\d+(?:\.\d+)?)\s*([bkmgt]?)i?b?$/i.exec(text);
  if (!match) throw invalid(`invalid size: '${text}'`);
  return Math.round(Number(match[1]) * UNITS[match[2]!.toLowerCase()]!);
}
