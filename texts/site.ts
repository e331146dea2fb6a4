// The catalogue of what pages say. Server components take a language from it; the browser is given the one in use (app/language).
//
// English is the source: write a text there first, plainly enough to be translated. German says du, and never needs to know whether a reader is a
// man or a woman ("wem dieses Lab gehört", not "der Besitzer"). Glossary, for lessons as well:
//
//   container, image, volume, registry, engine, port, tag, layer   Container (der), Image (das), Volume (das), Registry (die), Engine (die), Port (der),
//                                                                  Tag (der), Schicht (die)
//   lab, host                          Lab (das), Rechner (der)    lesson, task, hint, solution   Lektion, Aufgabe, Tipp, Lösung
//   to tick, done, to do               sich abhaken, erledigt, offen    learner                   (du; sonst: Lernende)
//   command, option, exit code         Befehl, Option, Exit-Code   to run, to stop, to remove     ausführen/laufen, stoppen, entfernen
//   running, exited, paused, created   bleiben englisch, wo docker sie schreibt; im Satz: läuft, beendet, angehalten, angelegt
//   detached, foreground, to attach    im Hintergrund (detached), im Vordergrund, sich verbinden
//   namespace, cgroup, kernel, shell, prompt, process   Namespace (der), Cgroup (die), Kernel (der), Shell (die), Prompt (der), Prozess (der)
//   Ctrl, Enter                        Strg, Eingabetaste          quotes „so“, Gedankenstrich – so, Auslassung mit Leerzeichen …
import { classPage as classDe } from './de/class.ts';
import { frame as frameDe } from './de/frame.ts';
import { front as frontDe } from './de/front.ts';
import { labs as labsDe } from './de/labs.ts';
import { lesson as lessonDe } from './de/lesson.ts';
import { panes as panesDe } from './de/panes.ts';
import { parts as partsDe } from './de/parts.ts';
import { play as playDe } from './de/play.ts';
import { terminal as terminalDe } from './de/terminal.ts';
import { workspace as workspaceDe } from './de/workspace.ts';
import { classPage } from './en/class.ts';
import { frame } from './en/frame.ts';
import { front } from './en/front.ts';
import { labs } from './en/labs.ts';
import { lesson } from './en/lesson.ts';
import { panes } from './en/panes.ts';
import { parts } from './en/parts.ts';
import { play } from './en/play.ts';
import { terminal } from './en/terminal.ts';
import { workspace } from './en/workspace.ts';
import type { Language } from './language.ts';
import type { Translate, Translation } from './message.ts';

const inPages = { ...classPage, ...frame, ...labs, ...lesson, ...panes, ...parts, ...play, ...terminal, ...workspace } as const;
/** The front page is rendered on the server alone, so its texts stay there. */
const english = { ...inPages, ...front } as const;

export type PageTexts = typeof inPages;
export type SiteTexts = typeof english;
export type T = Translate<PageTexts>;

export const pageTexts: Record<Language, Translation<PageTexts>> = {
  en: inPages,
  de: { ...classDe, ...frameDe, ...labsDe, ...lessonDe, ...panesDe, ...partsDe, ...playDe, ...terminalDe, ...workspaceDe },
};
export const siteTexts: Record<Language, Translation<SiteTexts>> = {
  en: english,
  de: { ...pageTexts.de, ...frontDe },
};
