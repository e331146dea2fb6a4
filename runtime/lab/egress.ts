// A lab's way out, the engine's part: what is wished for each lab is in its record; the broker opens as much of that as the operator permits, and here the lab's
// side of the link gets its addresses. Also which names were asked for in vain, for whoever tells the learner. Called by labs.ts.
import { readFileSync, statSync, truncateSync } from 'node:fs';
import { runHelper } from '../container/helper.ts';
import { LAB_SIDE } from '../kernel/egress-link.ts';
import type { HostRef, Step } from '../kernel/protocol.ts';
import { askOutside } from '../network/names.ts';
import { askedNames } from '../paths.ts';
import type { EngineParts } from './open-host.ts';

/** What is known of a host's questions. */
interface Asked { count: number; lately: { name: string; at: number }[] }
const asked = new Map<string, Asked>();
const LATELY_MS = 60_000;
const MOST_NAMES = 5;
/** Learners' bytes: no more of them is looked at. */
const MOST_BYTES = 256 << 10;

/** Answers what the lab may reach now. The same again costs a call. */
export async function openEgress(parts: EngineParts, ref: HostRef, wish: readonly string[]): Promise<string[]> {
  const { allow, ipv6, changed } = await parts.broker.call('setEgress', { ...ref, wish: [...wish] });
  if (changed) await runHelper({ ref, broker: parts.broker }, { argv: ['busybox', 'true'], before: [...(allow.length ? [linkUp(ipv6)] : []), askOutside(allow.length > 0)] });
  return allow;
}

/** The host's side of a new link. */
export const linkUp = (ipv6: boolean): Step => ({ do: 'run', argv: ['ip', '-batch', '-'], stdin: [
  `addr add ${LAB_SIDE.ip}/${LAB_SIDE.prefix} brd + dev ${LAB_SIDE.link}`,
  ...(ipv6 ? [`addr add ${LAB_SIDE.ip6}/${LAB_SIDE.prefix6} dev ${LAB_SIDE.link} nodad`] : []),
  `link set ${LAB_SIDE.link} up`,
  `route replace default via ${LAB_SIDE.gateway}`,
  ...(ipv6 ? [`route replace default via ${LAB_SIDE.gateway6}`] : []),
  '',
].join('\n') });


/** Names that the host's gate has not answered: how many so far, and the last ones of late. */
export function refusedNames(ref: HostRef, now = Date.now()): { count: number; names: string[] } {
  const key = `${ref.lab}/${ref.host}`;
  const text = take(askedNames(ref.lab, ref.host));
  if (text === undefined) {
    asked.delete(key);
    return { count: 0, names: [] };
  }
  const known = asked.get(key) ?? { count: 0, lately: [] };
  const fresh = namesIn(text);
  const lately = [...known.lately, ...fresh.map(name => ({ name, at: now }))].filter(({ at }) => now - at < LATELY_MS);
  const last = [...new Map(lately.map(one => [one.name, one])).values()].slice(-MOST_NAMES);
  asked.set(key, { count: known.count + fresh.length, lately: last });
  return { count: known.count + fresh.length, names: last.map(({ name }) => name) };
}

/** Of dnsmasq's log (`log-queries`). What programs ask beside a name (services, addresses backwards) is nothing that a learner has typed. Pure. */
export function namesIn(text: string): string[] {
  return text.split('\n').flatMap(line => / config ([a-z0-9.-]{1,253}) is NXDOMAIN$/i.exec(line)?.[1]?.toLowerCase() ?? []).filter(name => name.includes('.') && !name.endsWith('.arpa'));
}

/** Reads and empties; undefined when there is none. */
function take(path: string): string | undefined {
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined) return undefined;
  if (size === 0) return '';
  try {
    const text = readFileSync(path, 'utf8').slice(0, MOST_BYTES);
    truncateSync(path, 0); // dnsmasq appends
    return text;
  } catch {
    return ''; // the gate goes at this moment
  }
}
