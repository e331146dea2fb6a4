// Keys of a JSON body as Go's encoding/json takes them: the exact one, else any that differs in case only (python and Java clients send such).
// Called by body.ts before a body is decoded; what the schema does not know stays as it is, and is dropped there.
// https://pkg.go.dev/encoding/json#Unmarshal
import { z } from 'zod';

/** A copy with the schema's own spelling; of several spellings the last wins, as in Go. */
export function withGoKeys(schema: z.core.$ZodType, value: unknown): unknown {
  const inner = unwrap(schema);
  if (Array.isArray(value)) return inner instanceof z.core.$ZodArray ? value.map(item => withGoKeys(inner._zod.def.element, item)) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (inner instanceof z.core.$ZodRecord) return rebuilt(value, (key, item) => [key, withGoKeys(inner._zod.def.valueType, item)]);
  if (!(inner instanceof z.core.$ZodObject)) return value;
  const shape = inner._zod.def.shape as Readonly<Record<string, z.core.$ZodType>>;
  const byFolded = foldedOf(shape);
  return rebuilt(value, (key, item) => {
    const name = Object.hasOwn(shape, key) ? key : byFolded.get(key.toLowerCase());
    return name === undefined ? [key, item] : [name, withGoKeys(shape[name]!, item)];
  });
}

/** `__proto__` is a key like any other. */
const rebuilt = (value: object, entry: (key: string, item: unknown) => [string, unknown]) => Object.fromEntries(Object.entries(value).map(([key, item]) => entry(key, item)));

const folded = new WeakMap<object, ReadonlyMap<string, string>>();
function foldedOf(shape: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> {
  const known = folded.get(shape) ?? new Map(Object.keys(shape).map(name => [name.toLowerCase(), name]));
  folded.set(shape, known);
  return known;
}

/** Without optional, null, defaults and what is done with it afterwards. */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  const def = schema._zod.def as { type: string; innerType?: z.core.$ZodType; in?: z.core.$ZodType };
  if (def.innerType) return unwrap(def.innerType);
  return def.type === 'pipe' && def.in ? unwrap(def.in) : schema;
}
