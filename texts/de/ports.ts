import type { Translation } from '../message.ts';
import type { ports as source } from '../en/ports.ts';

export const ports: Translation<typeof source> = {
  'port.title': 'Ein Port eines Labs',
  'port.looksAgain': 'Diese Seite sieht alle paar Sekunden von selbst wieder nach.',
  'port.reload': 'Jetzt nachsehen',
  'port.more': 'Aus Slipway öffnen',
  'port.tooMany': 'Dieses Lab hat zu viele Verbindungen gleichzeitig offen. Schließe ein paar seiner Tabs oder warte einen Augenblick.',
  'port.silent': 'Das Programm an Port {port} hat die Anfrage angenommen, aber noch nicht zu antworten begonnen. Vielleicht ist es beschäftigt oder hängt: docker logs zeigt, was es sagt.',
  'port.tls': 'Das Programm an Port {port} spricht HTTPS. Vorschauen sprechen mit einem Lab einfaches HTTP und bringen TLS selbst mit, wo es nötig ist: Veröffentliche den HTTP-Port des Programms oder schalte TLS darin ab.',
  'port.headersTooLarge': 'Die Kopfzeilen der Antwort von Port {port} sind größer, als sie sein dürfen (16 KiB).',
  'port.hungUp': 'Das Programm an Port {port} hat die Verbindung ohne Antwort geschlossen. Vielleicht ist es beendet, startet noch oder spricht kein HTTP.',
  'port.asleep': 'Dieses Lab schläft, und was darin lief, wurde gestoppt. Öffne seine Seite in Slipway, um es zu wecken, starte das Programm neu und öffne dann den Port.',
  'port.noWorker': 'Unter dieser Adresse kann eine Seite keinen Service Worker haben.',
};
