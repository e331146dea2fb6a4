// Cookies of labs' pages that share the site's origin: there a browser would mix them with the site's and with each other's, so it never sees one. They are
// kept here, a jar for each who looks and each port, in memory and bounded; tough-cookie knows the rules (https://datatracker.ietf.org/doc/html/rfc6265).
// Called by sandbox.ts. The library is loaded with the first cookie.
import type { CookieJar } from 'tough-cookie';

export interface Jars {
  /** For a request to this address; undefined when there are none. */
  cookies(lab: string, key: string, url: string): string | undefined;
  keep(lab: string, key: string, url: string, setCookies: readonly string[]): Promise<void>;
}

/** Of one lab: whoever makes more takes the place of the same lab's oldest. */
const MAX_JARS = 20;
const MAX_LABS = 1000;
const MAX_COOKIES = 50;
/** More in one line is refused by many a server. */
const MAX_JAR_BYTES = 7000;
/** As in browsers: https://datatracker.ietf.org/doc/html/rfc6265#section-6.1 */
const MAX_COOKIE_BYTES = 4096;
/** Nobody has a pass for longer. */
const MAX_IDLE_MS = 12 * 60 * 60_000;

interface Kept { jar: CookieJar; at: number; }

export function createJars(now: () => number = Date.now): Jars {
  const labs = new Map<string, Map<string, Kept>>(); // the least recently used first, here and within
  const touch = (lab: string, key: string, kept: Kept) => {
    const jars = labs.get(lab) ?? new Map<string, Kept>();
    moveToEnd(jars, key, { ...kept, at: now() }, MAX_JARS);
    moveToEnd(labs, lab, jars, MAX_LABS);
    for (const [old, kept] of labs) {
      if ([...kept.values()].some(({ at }) => at > now() - MAX_IDLE_MS)) break;
      labs.delete(old);
    }
  };
  return {
    cookies(lab, key, url) {
      const kept = labs.get(lab)?.get(key);
      if (!kept) return undefined;
      touch(lab, key, kept);
      return kept.jar.getCookieStringSync(url) || undefined;
    },
    async keep(lab, key, url, setCookies) {
      const { CookieJar } = await import('tough-cookie');
      const kept = labs.get(lab)?.get(key) ?? { jar: new CookieJar(undefined, { rejectPublicSuffixes: false }), at: now() };
      touch(lab, key, kept); // before anything is awaited: another answer may be under way
      for (const text of setCookies) if (Buffer.byteLength(text) <= MAX_COOKIE_BYTES) kept.jar.setCookieSync(text, url, { ignoreError: true });
      await shorten(kept.jar);
    },
  };
}

function moveToEnd<V>(map: Map<string, V>, key: string, value: V, most: number) {
  map.delete(key);
  map.set(key, value);
  for (const old of map.keys()) {
    if (map.size <= most) return;
    map.delete(old);
  }
}

/** The oldest go first: they are listed as they came. */
async function shorten(jar: CookieJar) {
  const { cookies } = await jar.serialize();
  const sizeOf = ({ key, value }: (typeof cookies)[number]) => String(key).length + String(value).length;
  let bytes = cookies.reduce((all, cookie) => all + sizeOf(cookie), 0);
  for (let count = cookies.length; count > MAX_COOKIES || bytes > MAX_JAR_BYTES; count--) {
    const oldest = cookies.shift()!;
    await jar.store.removeCookie(String(oldest.domain), String(oldest.path), String(oldest.key));
    bytes -= sizeOf(oldest);
  }
}
