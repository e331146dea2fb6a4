// What Next's server components may ask of the web process: no HTTP round trip, because both run in the same process.
// server/main.ts sets the facade before Next handles its first request; app/ calls site() inside a request (never while building:
// pages that use it are dynamic). Only types and this accessor live here, so importing it pulls no server code into Next's bundle.
import type { LessonSummary } from './protocol.ts';

export interface LessonTask {
  id: string;
  title: string;
  /** Ids of the tasks that must be done first. */
  needs: string[];
}
export interface LessonPage extends LessonSummary {
  /** The body of lesson.md without its front matter; tasks stand in it as `:::task{id="…"}` directives. */
  markdown: string;
  taskList: LessonTask[];
}
export interface LearnerProgress {
  /** Per lesson slug: how many tasks are done in the present attempt, and whether all were ever done. */
  lessons: Record<string, { done: number; of: number; finishedBefore: boolean; lastSeenAt: string }>;
}

export interface Site {
  /** In the order of the course. */
  listLessons(): Promise<LessonSummary[]>;
  /** Undefined when there is no such lesson: the page answers notFound(). */
  lessonPage(slug: string): Promise<LessonPage | undefined>;
  /** Of the learner whose Cookie header this is; empty for a newcomer. */
  progress(cookieHeader: string | null): Promise<LearnerProgress>;
}

declare global { var __slipway: Site | undefined; }

export function site(): Site {
  if (!globalThis.__slipway) throw new Error('The site runs inside server/main.ts: start it with `npm start`.');
  return globalThis.__slipway;
}
