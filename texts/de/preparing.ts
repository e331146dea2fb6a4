import type { Translation } from '../message.ts';
import type { preparing as source } from '../en/preparing.ts';

export const preparing: Translation<typeof source> = {
  'prepare.files': 'Die Dateien der Lektion werden bereitgelegt …',
  'prepare.setup': 'Das Lab wird vorbereitet: Schritt {step} von {of} …',
  'prepare.says': '{says} …',
  'prepare.replay': 'Aufgabe {step} von {of} wird für dich erledigt: {title} …',
  'prepare.failed': 'Diese Lektion konnte ihr Lab nicht vorbereiten: „{step}“ ist fehlgeschlagen. Sag es denen, die dieses Slipway betreiben oder die Lektion geschrieben haben.',
  'task.noHint': 'Für diese Aufgabe gibt es keinen weiteren Tipp.',
  'task.noReset': 'Diese Aufgabe lässt sich gerade nicht zurücksetzen.',
  'file.nowhere': '{path} liegt in einem Ordner, den es noch nicht gibt.',
  'file.unreadable': '{path} ist keine Datei, die sich hier öffnen lässt.',
  'file.tooLarge': '{path} ist größer als 1 MiB und damit zu groß für den Editor. Im Terminal zeigt less sie an.',
  'file.noText': '{path} ist kein Text, deshalb öffnet der Editor sie nicht.',
  'file.notSaved': '{path} konnte nicht geschrieben werden. Ist die Platte voll oder die Datei geschützt?',
  'quiz.noAnswer': 'Wähle oder tippe zuerst eine Antwort.',
};
