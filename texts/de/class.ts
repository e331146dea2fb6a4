import type { Translation } from '../message.ts';
import type { classPage as source } from '../en/class.ts';

export const classPage: Translation<typeof source> = {
  'class.nav': 'Was Labs draußen erreichen dürfen',
  'class.title': 'Was Labs draußen erreichen dürfen',
  'class.sub': 'Von sich aus erreicht ein Lab draußen nichts: Was Lernende dort ausführen, kommt weder an dein Netz noch ins Internet. Hier öffnest du allen Labs des Kurses einen Weg und schließt ihn wieder. Beides wirkt sofort, auch in Labs, in denen gerade gearbeitet wird.',
  'class.notYours': 'Diese Seite ist für alle, die einen Kurs leiten.',
  'class.home': 'Zu den Lektionen',
  'class.off': 'Nichts',
  'class.offText': 'Befehle wie `apt update` oder `curl` scheitern sofort, und die Seite sagt, warum. Was jetzt offen ist, wird getrennt.',
  'class.on': 'Was unten angekreuzt ist',
  'class.legend': 'Labs des Kurses dürfen erreichen',
  'class.entries': 'Auf diesem Slipway erlaubt',
  'class.permitted': 'So viel erlauben alle, die dieses Slipway betreiben; für mehr sprich mit ihnen. Ein Lab bekommt höchstens {megabits} Mbit/s und {connections} neue Verbindungen pro Sekunde.',
  'class.nothing': 'Wer dieses Slipway betreibt, erlaubt draußen nichts; es gibt also nichts zu wählen. Ändern lässt sich das mit `npx slipway egress allow deb.debian.org:80`.',
  'class.unknown': 'Die Engine antwortet gerade nicht, deshalb weiß diese Seite nicht, was erlaubt ist. Lade sie gleich noch einmal.',
  'class.save': 'Anwenden',
  'class.saving': 'Wird angewendet …',
  'class.savedOff': 'Jetzt ist nichts mehr offen.',
  'class.savedOn': { one: 'Jetzt offen, in {count} laufenden Lab; andere folgen, wenn sie geöffnet werden.', other: 'Jetzt offen, in {count} laufenden Labs; andere folgen, wenn sie geöffnet werden.' },
  'class.chooseOne': 'Kreuze mindestens eines an, oder wähle „Nichts“.',
  'class.now': { one: '{count} Lab hat jetzt einen Weg nach draußen.', other: '{count} Labs haben jetzt einen Weg nach draußen.' },
};
