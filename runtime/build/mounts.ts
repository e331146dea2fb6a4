// RUN --mount: what is mounted while a step runs. Pure: from the flag's words to mounts, with BuildKit's words for what is wrong.
// https://docs.docker.com/reference/dockerfile/#run---mount
import { posix } from 'node:path';
import { SlipwayError } from '../errors.ts';
import { nearest } from './dockerfile.ts';

export interface RunMount {
  type: 'bind' | 'cache' | 'tmpfs' | 'secret' | 'ssh';
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

/** Keys that not every type knows. */
const ONLY_FOR: Readonly<Record<string, readonly string[]>> = { size: ['tmpfs'], required: ['secret', 'ssh'] };
const KEYS = ['type', 'target', 'dst', 'destination', 'source', 'src', 'from', 'readonly', 'ro', 'rw', 'readwrite', 'id', 'sharing', 'required', 'mode', 'uid', 'gid', 'size'];
const SWITCHES = ['readonly', 'ro', 'rw', 'readwrite', 'required'];
const invalid = (what: string) => new SlipwayError('InvalidParameter', what);

/** `expand` replaces variables in values, as BuildKit allows it for all but from. */
export function parseMount(text: string, workingDir: string, expand: (value: string) => string): RunMount {
  const given = new Map<string, string | undefined>();
  for (const field of text.split(',')) {
    const [, key = '', value] = /^([^=]*)(?:=([\s\S]*))?$/.exec(field)!;
    if (!KEYS.includes(key.toLowerCase())) throw invalid(`unexpected key '${key}' in '${field}'${nearest(key, KEYS)}`);
    if (SWITCHES.includes(key.toLowerCase()) && value !== undefined && !/^(1|t|true|0|f|false)$/i.test(value)) throw invalid(`invalid value for ${key}: ${value}`);
    given.set(key.toLowerCase(), value === undefined || key === 'from' ? value : expand(value));
  }
  const one = (...names: string[]) => names.map(name => given.get(name)).find(value => value !== undefined) ?? '';
  const flag = (...names: string[]) => names.some(name => given.has(name) && !['false', '0', 'f'].includes((given.get(name) ?? 'true').toLowerCase()));
  const number = (name: string, radix: number) => {
    const value = given.get(name);
    if (value === undefined) return null;
    const parsed = Number.parseInt(value, radix);
    if (!/^\d+$/.test(value) || Number.isNaN(parsed)) throw invalid(`invalid value ${value} for ${name}`);
    return parsed;
  };
  const type = one('type') || 'bind';
  if (type !== 'bind' && type !== 'cache' && type !== 'tmpfs' && type !== 'secret' && type !== 'ssh') throw invalid(`unsupported mount type ${JSON.stringify(type)}`);
  const foreign = [...given.keys()].find(key => ONLY_FOR[key] && !ONLY_FOR[key].includes(type));
  if (foreign !== undefined) throw invalid(`unexpected key '${foreign}' for mount type '${type}'`);
  for (const key of ['mode', 'uid', 'gid']) if (given.has(key) && !['secret', 'ssh', 'cache'].includes(type)) throw invalid(`${key} not allowed for ${JSON.stringify(type)} type mounts`);
  if (given.has('sharing') && type !== 'cache') throw invalid(`invalid cache sharing set for ${type} mount`);
  const source = one('source', 'src');
  if (type === 'secret' && one('from')) throw invalid('secret mount should not have a from');
  if (type === 'secret' && !source && !one('target', 'dst', 'destination') && !one('id')) throw invalid('invalid secret mount. one of source, target required');
  if (type === 'secret' && source && one('id')) throw invalid("both source and id can't be set");
  const id = one('id') || (type === 'secret' ? posix.basename(source || one('target', 'dst', 'destination')) : type === 'ssh' ? 'default' : '');
  const asked = one('target', 'dst', 'destination') || (type === 'secret' ? `/run/secrets/${id}` : type === 'ssh' ? '/run/buildkit/ssh_agent.0' : '');
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
  if (!match) throw invalid(`invalid value for size: ${text}`);
  return Math.round(Number(match[1]) * UNITS[match[2]!.toLowerCase()]!);
}
