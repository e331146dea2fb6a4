import type { Translation } from '../message.ts';
import type { frame as source } from '../en/frame.ts';

export const frame: Translation<typeof source> = {
  'site.title': 'Slipway: Container lernen auf einem echten Linux-Rechner',
  'site.description': 'Ein eigener, echter Linux-Rechner im Browser, der ganz normale docker-Befehl und Aufgaben, die sich selbst abhaken. Ohne Konto.',
  'site.skip': 'Zum Inhalt springen',
  'header.nav': 'Seiten',
  'header.lessons': 'Lektionen',
  'header.lab': 'Nur ein Lab',
  'header.theme': 'Zwischen hell und dunkel wechseln',
  'header.themeShort': 'Hell oder dunkel',
  'header.language': 'Sprache',
  'notFound.title': 'Nicht hier',
  'notFound.heading': 'Unter dieser Adresse gibt es nichts.',
  'notFound.text': 'Vielleicht heißt die Lektion inzwischen anders. Alle Lektionen stehen auf der Startseite, und dein Fortschritt ist gespeichert.',
  'notFound.lessons': 'Zu den Lektionen',
  'notFound.lab': 'Gib mir einfach ein Lab',
  'error.label': 'Bei uns ist etwas schiefgegangen',
  'error.heading': 'Diese Seite konnte nicht angezeigt werden.',
  'error.text': 'Dein Lab und dein Fortschritt sind davon nicht betroffen. Oft hilft es, es noch einmal zu versuchen; wenn nicht, sag den Betreibern dieses Servers Bescheid.',
  'error.textNumber': 'Dein Lab und dein Fortschritt sind davon nicht betroffen. Oft hilft es, es noch einmal zu versuchen; wenn nicht, sag den Betreibern dieses Servers Bescheid und nenne diese Nummer: {number}.',
  'error.again': 'Noch einmal versuchen',
  'error.front': 'Zur Startseite',
};
