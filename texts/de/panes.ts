import type { Translation } from '../message.ts';
import type { panes as source } from '../en/panes.ts';

export const panes: Translation<typeof source> = {
  'ports.udp': 'Port {port}, UDP',
  'ports.udpWhy': 'UDP kann ein Browser nicht öffnen. Veröffentlicht ist der Port vom Container {container}; probiere ihn vom Terminal aus.',
  'ports.more': { one: '{count} weiterer Port', other: '{count} weitere Ports' },
  'ports.moreLabel': 'Weitere Ports des Labs',
  'ports.came': 'Port {port} lässt sich jetzt öffnen: Der Knopf dafür ist über dem Terminal.',
  'ports.cameMany': { one: '{count} Port lässt sich jetzt öffnen: Der Knopf dafür ist über dem Terminal.', other: '{count} Ports lassen sich jetzt öffnen, darunter Port {port}: Die Knöpfe dafür sind über dem Terminal.' },
  'pane.who': 'Öffnen können das du, wer in diesem Slipway unterrichtet und wer einen Link von dir hat.',
  'pane.breaks': 'Manche Seiten gehen hier nicht: warum',
  'pane.breaksWhy': 'Dieses Slipway hat eine Adresse für alles, deshalb stecken Seiten deines Labs in einer Sandbox, getrennt von den Seiten von Slipway. curl im Terminal zeigt, was das Programm wirklich antwortet. In der Sandbox geht nicht:',
  'pane.breaksScripts': 'Adressen von der Wurzel aus („/api“), die ein Skript auf ungewöhnliche Weise zusammensetzt oder location zuweist. In HTML, Stylesheets, fetch und Importen gehen sie.',
  'pane.breaksStorage': 'localStorage und Cookies, die ein Skript setzt, halten nur, bis die Seite neu geladen wird. Cookies, die der Server setzt, gehen, aber Skripte sehen sie nicht.',
  'pane.breaksWorkers': 'Service Worker, Web Worker, IndexedDB, Kamera und Mikrofon.',
  'pane.breaksLogin': 'Das Passwortfenster des Browsers (HTTP Basic).',
  'pane.breaksRouter': 'Single-Page-Anwendungen, die den Pfad ihrer Adresse lesen, und Frames in einer Seite, die in einem Tab geöffnet ist.',
  'pane.breaksOperator': 'Wer dieses Slipway betreibt, kann jedem Port eine eigene Adresse geben (SLIPWAY_PREVIEW_DOMAIN); dann geht das alles.',
  'share.who': 'Ohne Link können ihn nur du und alle öffnen, die in diesem Slipway unterrichten: unter {address}',
  'share.closeAll': 'Alle Vorschauen schließen',
  'share.allClosed': 'Alle Vorschauen dieses Labs sind geschlossen, in jedem Browser, und kein Link zu einer gilt mehr. Ein Klick auf einen Port öffnet ihn für dich wieder.',
  'portPage.title': 'Port {port} eines Labs',
  'portPage.yours': 'Er gehört zu deinem Lab „{title}“.',
  'portPage.theirs': 'Er gehört zum Lab „{title}“ von {owner}. Du kannst ihn öffnen, weil du hier unterrichtest; was du siehst, stammt aus dem Lab.',
  'portPage.open': 'Port {port} öffnen',
  'portPage.lab': 'Zum Lab',
  'portPage.stranger': 'Er gehört zu keinem deiner Labs, oder das Lab ist beendet. Wem es gehört, kann dir einen Link geben: mit dem Knopf „Teilen“ neben dem Port.',
};
