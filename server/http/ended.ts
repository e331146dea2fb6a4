// Sessions of other browsers (begun by resume links) that their learner has ended, while their cookies still look good. Asked at every request, so kept in
// memory; the database has them for the next process. Who has something open as such a session is told through `onEnd`.

export interface EndedSessions {
  has(session: string): boolean;
  add(sessions: readonly string[]): void;
  onEnd(listener: (sessions: readonly string[]) => void): void;
}

export function createEndedSessions(known: readonly string[] = []): EndedSessions {
  const ended = new Set(known);
  const listeners: ((sessions: readonly string[]) => void)[] = [];
  return {
    has: session => ended.has(session),
    add(sessions) {
      for (const session of sessions) ended.add(session);
      for (const listener of listeners) listener(sessions);
    },
    onEnd: listener => void listeners.push(listener),
  };
}
