// A container's environment as Docker makes it: PATH, HOSTNAME and TERM first, overridden by what image and user say. HOME is the runtime's.
import type { ContainerRecord } from '../container/model.ts';
import { hostnameOf } from '../container/paths.ts';

const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export function environment(record: ContainerRecord): string[] {
  const { config } = record;
  return overrideEnvironment([DEFAULT_PATH, `HOSTNAME=${hostnameOf(record)}`, ...(config.Tty ? ['TERM=xterm'] : []), ...(record.linkEnv ?? [])], config.Env ?? []);
}

/** A value replaces an earlier one of the same name in its place; a name without `=` removes it. */
export function overrideEnvironment(base: readonly string[], overrides: readonly string[]): string[] {
  const result = [...base];
  for (const entry of overrides) {
    const equals = entry.indexOf('=');
    const name = equals < 0 ? entry : entry.slice(0, equals);
    const at = result.findIndex(e => e.startsWith(`${name}=`));
    if (equals < 0) {
      if (at >= 0) result.splice(at, 1);
    } else if (at >= 0) result[at] = entry;
    else result.push(entry);
  }
  return result;
}
