// Cookies of labs' pages that share the site's origin: there a browser would mix them with the site's and with each other's, so it never sees one. They are
// kept here, a jar for each who looks and each port, in memory and bounded; tough-cookie knows the rules (https://datatracker.ietf.org/doc/html/rfc6265).
// Called by sandbox.ts. The library is loaded with the first cookie.
import type { CookieJar } from 'tough-cookie';

export interface Jars {
  /** For a request to this address; undefined when there are none. */
  cookies(key: string, url: string): string | undefined;
  keep(key: string, url: string, setCookies: readonly string[]): Promise<void>;
}

const MAX_JARS = 500;
const MAX_COOKIES = 50;
/** More in one line is refused by many a server. */
const MAX_JAR_BYTES = 7000;
/** As in browsers: https://datatracker.ietf.org/doc/html/rfc6265#section-6.1 */
const MAX_COOKIE_BYTES = 4096;
/** Nobody has a pass for longer. */
const MAX_IDLE_MS = 12 * 60 * 60_000;

interface Kept { jar: CookieJar; at: number; }

export function createJars(now: () => number = Date.now): Jars {
  const jars = new Map<string, Kept>(); // the least recently used first
  const touch = (key: string, kept: Kept) => {
    jars.delete(key);
    jars.set(key, { ...kept, at: now() });
    for (const [old, { at }] of jars) {
      if (jars.size <= MAX_JARS && at > now() - MAX_IDLE_MS) break;
      jars.delete(old);
    }
  };
  return {
    cookies(key, url) {
      const kept = jars.get(key);
      if (!kept) return undefined;
      touch(key, kept);
      return kept.jar.getCookieStringSync(url) || undefined;
    },
    async keep(key, url, setCookies) {
      const { CookieJar } = await import('tough-cookie');
      const kept = jars.get(key) ?? { jar: new CookieJar(undefined, { rejectPublicSuffixes: false }), at: now() };
      for (const text of setCookies) if (Buffer.byteLength(text) <= MAX_COOKIE_BYTES) kept.jar.setCookieSync(text, url, { ignoreError: true });
      await shorten(kept.jar);
      touch(key, kept);
    },
  };
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
