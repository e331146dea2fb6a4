// What a page asks of the server without a live connection (server/http/api.ts): POST and JSON. Never throws; what went wrong comes in words.
export type Asked<T> = { ok: true; value: T } | { ok: false; problem: string | null };

const PATIENCE_MS = 15_000;

/** `problem` is null when the server did not answer at all. */
export async function ask<T>(what: string, body: object = {}): Promise<Asked<T>> {
  try {
    const answer = await fetch(`/api/${what}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), signal: AbortSignal.timeout(PATIENCE_MS) });
    const value = await answer.json() as T & { problem?: string };
    return answer.ok ? { ok: true, value } : { ok: false, problem: value.problem ?? null };
  } catch {
    return { ok: false, problem: null };
  }
}
