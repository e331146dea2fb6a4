// Wire types between site and server: all that app/ may import of server/. Changing one side without the other fails to compile.
import { z } from 'zod';
import type { Language, Text } from '../texts/language.ts';

/** The socket.io path; next to Next's own routes on one port. */
export const SOCKET_PATH = '/ws';

/**
 * Words as the server holds them before it knows who reads them. What is marked `T = string` below goes over the wire in the reader's language;
 * within the server T is Said.
 */
export type Said = Text | string;

/** A learner's lab as the page shows it. */
export interface LabView<T = string> {
  id: string;
  hostname: string;
  /** asleep: suspended for want of use; nothing is lost, and 'lab:wake' opens it again. */
  state: 'starting' | 'ready' | 'asleep' | 'gone';
  /** Why it could not start, in words that say what to do. */
  problem?: T;
  /** The machine is full: its place among those who wait (1 is next), and how long it may take when that can be said. `problem` says it in words. */
  queue?: { place: number; seconds?: number };
  /** While it starts: which of the lesson's preparations is under way. */
  doing?: T;
  /** It was made anew although tasks are done: what they made is not there. */
  fresh?: true;
  /** Good to know, such as "your earlier lab had ended, this is a fresh one". Shown once, dismissible. */
  notice?: T;
}
/** A port of the lab that a container publishes, or (null) that a program of the lab itself listens on. Only TCP can be opened in a browser. */
export interface PortView { port: number; containerPort: number; container: string | null; protocol: 'tcp' | 'udp'; }
/** A link that shows a port to others, until then. What it carries is known to whom it was given alone. */
export interface ShareView { id: string; expiresAt: string; }
/** The lab as it was at a moment. `bytes`: what it counts for. */
export interface CopyView { id: string; at: string; bytes: number; }
/** Newest first; `most` at a time. Together with the lab they may take `diskBytes`. */
export interface CopiesView { copies: CopyView[]; most: number; diskBytes: number; }
export interface TerminalView { id: string; title: string; }

export type TaskState<T = string> = Hinted<T> & (
  | { state: 'locked' }                       // needs an earlier task
  | { state: 'open' }                         // no relevant attempt yet: neutral
  | ({ state: 'tried'; expected: T; found: T; next: T } & Points)
  | ({ state: 'done'; at: string; evidence: T } & Points)
  | { state: 'failed'; found: T }             // the evidence is gone: it can only be reset
  | { state: 'skipped'; at: string });        // done for the learner by "Start here": opens what needs it, earns nothing, is open again after a reset
/** Never without the words beside it that say why. */
export interface Points { points?: { got: number; of: number }; }
/** Hints that the learner has asked for, and whether there is another to ask for. `cost`: points that it takes off the task. */
export interface Hinted<T = string> { hints?: { shown: { text: T; cost?: number }[]; next?: { cost?: number } }; }
/** A question as the page shows it before it is answered. */
export interface QuizView { id: string; question: string; points: number; kind: 'one' | 'many' | 'typed'; options: string[]; }
/** What became of an answer. `said` has a word on each part of it: an option, or what was typed. */
export interface QuizState<T = string> { id: string; /** The places of the chosen options, or what was typed. */ answer: string[]; right: boolean; said: { answer: T; right: boolean; because: T }[]; tries: number; points: { got: number; of: number }; }
/** A text file of the lab; `version` names this very content (null: there is no such file yet). */
export interface FileView { path: string; text: string; version: string | null; }

export interface TaskProgress<T = string> { id: string; progress: TaskState<T>; }

export interface WorkspaceView<T = string> {
  lab: LabView<T>;
  terminals: TerminalView[];
  tasks: TaskProgress<T>[];
  /** Those that were answered. */
  quizzes: QuizState<T>[];
  /** Until the lab is suspended for want of use; null as long as that is not near. */
  sleepsInMs: number | null;
}

/** Errors of acknowledgements: what happened, and what to do. */
export interface Problem { problem: string; }
export type Ack<T> = (answer: T | Problem) => void;

/** Browser → server. `slug` is a lesson's slug, or null on /play. Binary travels as ArrayBuffer/Buffer. */
export interface ClientEvents {
  /** Joins the workspace of a lesson (or /play); makes the lab when there is none. Answer as soon as the lab is known, state by events. */
  'workspace:join': (body: { slug: string | null; /** Whether the tab is seen. */ visible?: boolean; /** Also a lab that sleeps is opened; false for a page that merely found its way back. */ wake?: boolean }, ack: Ack<WorkspaceView>) => void;
  /** Opens a lab that sleeps. */
  'lab:wake': (body: Record<string, never>, ack: Ack<WorkspaceView>) => void;
  /** Somebody is there: a click, scrolling, or "keep it running". No need to say it more than every few seconds; keys in terminals say it themselves. */
  'tab:used': () => void;
  'tab:visible': (visible: boolean) => void;
  'lab:reset': (body: Record<string, never>, ack: Ack<WorkspaceView>) => void;
  /** Which ports can be opened; changes come as 'lab:ports'. */
  'preview:ports': (body: Record<string, never>, ack: Ack<{ ports: PortView[] }>) => void;
  /** A link to a port of the lab, for this browser, once and at once. */
  'preview:open': (body: { port: number; /** For a pane of the page, not a tab. */ pane?: boolean }, ack: Ack<{ url: string; /** On the site's own origin, where some pages break. */ sandboxed: boolean }>) => void;
  /** A link to a port for others, which they may use until it ends; `shares` are all of this port. */
  'preview:share': (body: { port: number; minutes: number }, ack: Ack<{ url: string; shares: ShareView[] }>) => void;
  'preview:shares': (body: { port: number }, ack: Ack<{ shares: ShareView[] }>) => void;
  /** Whoever came by it is shut out at once. */
  'preview:unshare': (body: { port: number; id: string }, ack: Ack<{ shares: ShareView[] }>) => void;
  'copies:list': (body: Record<string, never>, ack: Ack<CopiesView>) => void;
  'copies:save': (body: Record<string, never>, ack: Ack<CopiesView>) => void;
  'copies:remove': (body: { id: string }, ack: Ack<CopiesView>) => void;
  /** The lab as it was then, in place of the one that there is. */
  'copies:go-back': (body: { id: string }, ack: Ack<WorkspaceView>) => void;
  /** Everybody who has a port of the lab open is shut out, and no link to one is good any more. */
  'preview:close-all': (body: Record<string, never>, ack: Ack<{ shares: ShareView[] }>) => void;
  /** A fresh lab in which everything before this task has been done for the learner. */
  'lab:start-at': (body: { task: string }, ack: Ack<WorkspaceView>) => void;
  /** Shows the task's next hint; it comes with 'task:progress', to all tabs. */
  'task:hint': (body: { task: string }, ack: Ack<TaskProgress>) => void;
  /** Puts the lab back to where this task can be done; other tasks keep what they have. */
  'task:reset': (body: { task: string }, ack: Ack<TaskProgress>) => void;
  'quiz:answer': (body: { id: string; answer: string[] }, ack: Ack<QuizState>) => void;
  'file:read': (body: { path: string }, ack: Ack<FileView>) => void;
  /** Only when the file still is what `version` names; otherwise the answer is what it is now. */
  'file:save': (body: { path: string; text: string; version: string | null }, ack: Ack<{ saved: string } | { conflict: FileView }>) => void;
  /** With a title: the terminal of that name, which is opened when there is none. */
  'terminal:open': (body: { cols: number; rows: number; title?: string }, ack: Ack<TerminalView>) => void;
  /** The server answers with the screen as it is (a serialised terminal) and then streams 'terminal:output'. */
  'terminal:attach': (body: { id: string; cols: number; rows: number }, ack: Ack<{ screen: string }>) => void;
  'terminal:detach': (body: { id: string }) => void;
  'terminal:input': (id: string, data: string | ArrayBuffer) => void;
  /** A command that a click types. The same again within a moment is one click too many, in whichever tab: it is dropped. */
  'terminal:run': (body: { id: string; input: string }, ack: Ack<{ sent: boolean }>) => void;
  'terminal:resize': (body: { id: string; cols: number; rows: number }) => void;
  /** Bytes written to the screen since the last acknowledgement (from term.write's callback, coalesced to 64 KiB or 50 ms). */
  'terminal:ack': (id: string, bytes: number) => void;
  'terminal:close': (body: { id: string }) => void;
}

/** Server → browser. */
export interface ServerEvents<T = string> {
  'lab:state': (lab: LabView<T>) => void;
  'lab:ports': (ports: PortView[]) => void;
  /** Nobody seems to be there: so long until the lab is suspended; null when somebody is after all. */
  'lab:idle': (idle: { sleepsInMs: number | null }) => void;
  'terminal:output': (id: string, data: ArrayBuffer) => void;
  /** The client fell behind: throw away what is shown, write this serialised screen, go on from there. */
  'terminal:screen': (id: string, screen: string) => void;
  'terminal:opened': (terminal: TerminalView) => void;
  'terminal:closed': (id: string, reason: T) => void;
  'task:progress': (task: TaskProgress<T>) => void;
  /** The lesson's text or tasks have been changed by its author: what the page shows of it is old. */
  'lesson:changed': () => void;
  /** The lesson is there no more; the lab is. */
  'lesson:removed': () => void;
  'quiz:progress': (quiz: QuizState<T>) => void;
  /** One sentence that explains the error a learner has just met, and one next step. Shown beside the terminal, dismissible. */
  'explain': (note: { id: string; title: T; text: T; command?: string }) => void;
}

export const sizeSchema = z.object({ cols: z.number().int().min(2).max(500), rows: z.number().int().min(2).max(300) });
export const joinSchema = z.object({ slug: z.string().regex(/^[a-z0-9-]{1,80}$/).nullable(), visible: z.boolean().default(true), wake: z.boolean().default(true) });
export const portSchema = z.object({ port: z.number().int().min(1).max(65_535) });
/** A quarter of an hour, two hours, a day. */
export const SHARE_MINUTES = [15, 120, 1440] as const;
export const openPortSchema = portSchema.extend({ pane: z.boolean().default(false) });
export const shareSchema = portSchema.extend({ minutes: z.literal(SHARE_MINUTES) });
export const unshareSchema = portSchema.extend({ id: z.string().regex(/^[0-9a-f]{16}$/) });
export const copySchema = z.object({ id: z.string().regex(/^[0-9a-z-]{1,32}$/) });
export const terminalIdSchema = z.string().min(1).max(100);

/** What a lesson page is rendered from, on the server side (GET by server components through server/lessons). */
export interface LessonSummary {
  slug: string; title: string; summary: string; minutes: number; level: 'beginner' | 'intermediate' | 'advanced'; tasks: number;
  /** That its texts are in. */
  language: Language;
  /** The part it belongs to, and perhaps the chapter. */
  headings: { title: string; summary?: string | undefined }[];
  prerequisites: { slug: string; title: string }[];
}
