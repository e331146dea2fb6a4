// What Next's server components may ask of the web process: no HTTP round trip, because both run in the same process.
// server/main.ts sets the facade before Next handles its first request; app/ calls site() inside a request (never while building:
// pages that use it are dynamic). Only types and this accessor live here, so importing it pulls no server code into Next's bundle.
import type { HastRoot } from '../lessons/schema.ts';
import type { Language } from '../texts/language.ts';
import type { LessonSummary, QuizView } from './protocol.ts';

export interface LessonTask {
  id: string;
  title: string;
  /** Ids of the tasks that must be done first. */
  needs: string[];
}
export interface LessonPage extends LessonSummary {
  /** The text, parsed: HTML elements and the custom ones of lessons/schema.ts. */
  body: HastRoot;
  taskList: LessonTask[];
  quizzes: QuizView[];
}
export interface LearnerProgress {
  /** Per lesson slug: the ids of the tasks that are done, and when the lesson was last open. */
  lessons: Record<string, { done: string[]; lastSeenAt: string }>;
}

export interface YourLab {
  workspace: string;
  /** Null: the lab without a lesson. */
  title: string | null;
  href: string;
  /** Its lesson can still be opened. */
  isThere: boolean;
  state: 'running' | 'asleep' | 'unknown';
  diskBytes: number | null;
  lastSeenAt: string;
  /** Unless it is opened before. */
  removesAt: string;
  /** It may go earlier when disk runs short. */
  isLastChance: boolean;
}
export type SoonRemoved = Pick<YourLab, 'workspace' | 'title' | 'href' | 'removesAt'>;
export interface YourLabs {
  /** The beginning of the learner's id, for whoever runs this Slipway. */
  id: string;
  labs: YourLab[];
  /** This browser was another learner before it opened a resume link. */
  before: boolean;
  /** Labs that one person may have. */
  most: number;
}

/** Who asks for a port of a lab: whose lab it is, an instructor, or somebody who may not. */
export interface PortPage { who: 'owner' | 'instructor' | 'stranger'; /** Of the lab's lesson; null: a lab without one. */ title: string | null; href: string; /** The beginning of the owner's id. */ owner: string; }

/** What labs may reach outside: the operator's list, what of it instructors have chosen, whether it is on, and how many labs have a way out now. */
export interface EgressPage { /** False while the engine does not answer. */ isKnown: boolean; on: boolean; entries: { entry: string; chosen: boolean }[]; labs: number; megabits: number; connections: number; }

export interface Site {
  /** Undefined for who is no instructor. */
  egressPage(cookieHeader: string | null): Promise<EgressPage | undefined>;
  /** Undefined when nobody has such a lab. */
  portPage(cookieHeader: string | null, language: Language, target: { lab: string; port: number }): Promise<PortPage | undefined>;
  /** Code with its colours, a `pre` in a list; plain when that could not be done. */
  coloured(code: string, language: string): Promise<HastRoot['children']>;
  /** In the order of the course; each in this language, or in the one it was written in. */
  listLessons(language: Language): Promise<LessonSummary[]>;
  /** Undefined when there is no such lesson: the page answers notFound(). */
  lessonPage(slug: string, language: Language): Promise<LessonPage | undefined>;
  /** Of the learner whose Cookie header this is; empty for a newcomer. */
  progress(cookieHeader: string | null): Promise<LearnerProgress>;
  yourLabs(cookieHeader: string | null, language: Language): Promise<YourLabs>;
  soonRemoved(cookieHeader: string | null, language: Language): Promise<SoonRemoved[]>;
}

declare global { var __slipway: Site | undefined; }

export function site(): Site {
  if (!globalThis.__slipway) throw new Error('The site runs inside server/main.ts: start it with `npm start`.');
  return globalThis.__slipway;
}
