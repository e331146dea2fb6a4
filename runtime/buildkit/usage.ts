// What the build cache holds, and letting go of it: `docker buildx du`, `docker builder prune`, `docker system df`. Called by service.ts and api/.
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { BuildCache, CacheRecord } from '../build/build-cache.ts';
import type { CacheMounts } from '../build/run-mounts.ts';
import { runScript } from '../kernel/stream.ts';
import { script } from '../snapshot/scripts.ts';
import type { Contexts, KeptContext } from './context.ts';
import type { UsageRecordSchema } from './messages_pb.js';
import type { BuildKitParts } from './parts.ts';

type Usage = MessageInitShape<typeof UsageRecordSchema>;
type Parts = BuildKitParts & { cache: BuildCache; contexts: Contexts; cacheMounts: CacheMounts };
/** Before a context's key in its id. */
const CONTEXT = 'c';
export interface PruneOptions { all: boolean; keepBytes: number; keepMs: number; filters: readonly string[] }

/** A record with what it shares with images of this host. */
export interface CacheUse { record: CacheRecord; shared: boolean; inUse: boolean; sizeBytes: number }

export async function cacheUse(parts: Parts): Promise<CacheUse[]> {
  const sizes = await directorySizes(parts, parts.cache.all().flatMap(record => record.directory ?? []));
  return [...parts.cache.all().map(record => ({
    record, inUse: record.type === 'exec.cachemount' && parts.cacheMounts.inUse(), shared: record.layers.some(layer => parts.images.hasLayer(layer.key)),
    sizeBytes: record.directory ? sizes.get(record.directory) ?? 0 : record.sizeBytes,
  })), ...parts.contexts.list().map(asUse)];
}

/** A context that is kept between builds, as the cache lists it. */
const asUse = ({ key, name, sizeBytes, busy, createdAt, usedAt, uses }: KeptContext): CacheUse => ({
  record: { id: `${CONTEXT}${key}`, type: 'source.local', description: `local source for ${name}`, keys: [], layers: [], sizeBytes, created: new Date(createdAt).toISOString(), lastUsed: new Date(usedAt).toISOString(), usageCount: uses, parents: [] },
  shared: false, inUse: busy, sizeBytes,
});

export async function usage(parts: Parts, filters: readonly string[]): Promise<Usage[]> { return (await cacheUse(parts)).filter(use => fitsAll(use, filters)).map(asMessage); }

/** Removes what no image needs (with `all`, also what an image shares), the longest unused first. */
export async function* prune(parts: Parts, { all, keepBytes, keepMs, filters }: PruneOptions): AsyncGenerator<Usage, void, void> {
  const old = Date.now() - keepMs;
  const wanted = (await cacheUse(parts)).filter(use => !use.inUse && (all || !use.shared) && (keepMs === 0 || Date.parse(use.record.lastUsed) < old) && fitsAll(use, filters))
    .sort((a, b) => (a.record.lastUsed < b.record.lastUsed ? -1 : 1));
  let total = (await cacheUse(parts)).reduce((sum, use) => sum + use.sizeBytes, 0);
  const gone = keepBytes === 0 ? wanted : wanted.filter(use => {
    if (total <= keepBytes) return false;
    total -= use.sizeBytes;
    return true;
  });
  parts.cache.remove(gone.map(use => use.record));
  for (const { record } of gone) if (record.type === 'source.local') await parts.contexts.forget(record.id.slice(CONTEXT.length));
  for (const use of gone) yield asMessage(use);
}

/** A client sends those of one kind in one text, and an empty one for none. */
const fitsAll = (use: CacheUse, filters: readonly string[]) => filters.flatMap(filter => filter.split(',')).filter(Boolean).every(filter => matches(use, filter));

/** `key`, `key=value`, `key!=value`, `key~=part`: what is not known fits nothing. https://github.com/containerd/containerd/blob/v1.7.0/filters/filter.go */
function matches({ record, shared, inUse }: CacheUse, filter: string): boolean {
  const [, key = '', operator = '', value = ''] = /^([a-z]+)(?:(!=|~=|==?)(.*))?$/s.exec(filter) ?? [];
  const is: Record<string, boolean> = { inuse: inUse, shared, private: !shared, mutable: record.type !== 'regular', immutable: record.type === 'regular' };
  if (key in is) return operator === '' || value === 'true' ? is[key]! : operator === '!=' ? String(is[key]) !== value : String(is[key]) === value;
  const found = key === 'id' ? [record.id] : key === 'type' ? [record.type] : key === 'description' ? [record.description] : key === 'parent' || key === 'parents' ? record.parents : [];
  if (operator === '!=') return !found.includes(value);
  return found.some(one => (operator === '' || (operator === '~=' ? one.includes(value) : key === 'id' ? one.startsWith(value) : one === value)));
}

function asMessage({ record, shared, inUse, sizeBytes }: CacheUse): Usage {
  return {
    id: record.id, mutable: record.type !== 'regular', inUse, size: BigInt(sizeBytes), createdAt: timeOf(record.created), lastUsedAt: timeOf(record.lastUsed), usageCount: BigInt(record.usageCount),
    description: record.description, recordType: record.type, shared, parents: record.parents,
  };
}

const timeOf = (iso: string) => ({ seconds: BigInt(Math.floor(Date.parse(iso) / 1000)), nanos: (Date.parse(iso) % 1000) * 1e6 });

async function directorySizes(parts: Parts, directories: string[]): Promise<Map<string, number>> {
  if (directories.length === 0) return new Map();
  const { stdout } = await runScript(parts.host, { argv: script('for d; do [ ! -d "$d" ] && echo 0 || find "$d" -type f -print0 | xargs -0 -r stat -c %s | awk \'{s+=$1} END {printf "%d\\n", s}\'; done', ...directories) });
  return new Map(stdout.trim().split('\n').map((size, at) => [directories[at]!, Number(size)]));
}
