// Which container a reference means. Called by every route that names one.
import { SlipwayError } from '../errors.ts';
import type { Container, Host } from './model.ts';

/** By full id, then name (with or without slash), then unambiguous id prefix, as dockerd looks. */
export function resolve(host: Host, ref: string): Container {
  const exact = host.containers.get(ref);
  if (exact) return exact;
  const named = host.names.get(ref.replace(/^\//, ''));
  const byName = named === undefined ? undefined : host.containers.get(named);
  if (byName) return byName;
  if (/^[0-9a-f]+$/.test(ref)) {
    const matches = [...host.containers.values()].filter(c => c.record.id.startsWith(ref));
    if (matches.length > 1) throw new SlipwayError('InvalidParameter', `multiple IDs found with provided prefix: ${ref}`);
    if (matches[0]) return matches[0];
  }
  throw new SlipwayError('NotFound', `No such container: ${ref}`);
}
