import type { Translation } from '../message.ts';
import type { limits as source } from '../en/limits.ts';

export const limits: Translation<typeof source> = {
  'limit.memory': 'Der Arbeitsspeicher deines Labs war voll',
  'limit.memoryText': 'Alle Programme des Labs zusammen dürfen {size} belegen. Der Kernel hat eines beendet, das mehr wollte: In einem Container zeigt sich das als Exit-Code 137. Stoppe, was du nicht brauchst, oder gib einem Container mit `--memory` weniger, und versuch es noch einmal.',
  'limit.processes': 'Dein Lab kann keine weiteren Prozesse haben',
  'limit.processesText': {
    one: 'Ein Lab darf {count} Prozess gleichzeitig haben. Drücke Strg+C, wo neue gestartet werden, oder schließe dieses Terminal: Was darin läuft, endet mit ihm.',
    other: 'Ein Lab darf {count} Prozesse gleichzeitig haben, und so viele laufen. Drücke Strg+C, wo neue gestartet werden, oder schließe dieses Terminal: Was darin läuft, endet mit ihm. Auch einen Container zu stoppen hilft.',
  },
  'limit.disk': 'Die Festplatte deines Labs ist voll',
  'limit.diskText': 'Alle Dateien, Images, Container und Volumes des Labs zusammen dürfen {size} belegen. Programme, die jetzt schreiben, bekommen „Disk quota exceeded“. Dieser Befehl entfernt beendete Container, unbenutzte Netzwerke und Images ohne Namen; große eigene Dateien entfernst du mit `rm`.',
  'limit.logs': 'Das Log eines Containers ist voll',
  'limit.logsText': 'Ein Container hat mehr ausgegeben, als sein Log fasst. Er läuft weiter, aber was er von jetzt an ausgibt, wird nicht behalten; `docker logs` sagt, wo es aufhört. Entferne den Container und starte ihn mit weniger Ausgabe neu, oder mit `--log-opt max-size=10m --log-opt max-file=3`, dann bleibt das Neueste.',
  'limit.connections': 'Zu viele Verbindungen zur Docker-Engine',
  'limit.connectionsText': 'Einige Befehle wurden abgewiesen, weil sehr viele noch offen sind, etwa `docker logs -f` oder `docker events`. Beende mit Strg+C, was du nicht brauchst.',
  'egress.none': 'Dieses Lab hat keinen Weg ins Internet',
  'egress.noneText': 'Etwas darin wollte einen Server draußen erreichen, wie es `apt update`, `curl`, `pip` oder `ping` tun. Solche Befehle scheitern hier sofort, und das mit Absicht: Bei dir ist nichts kaputt. Images kommen aus der Bibliothek auf diesem Server; `docker pull` und `docker run` funktionieren also mit denen.',
  'egress.notYours': 'Nur wer den Kurs leitet, kann ändern, was seine Labs erreichen dürfen.',
  'egress.refused': 'Diese Adresse darf das Lab nicht erreichen',
  'egress.refusedText': 'Draußen darf dieses Lab {allowed} erreichen und sonst nichts: Jede andere Adresse wird sofort abgewiesen. Wer den Kurs leitet, kann mehr erlauben.',
  'egress.refusedNames': 'Etwas darin hat nach {names} gefragt. Draußen darf dieses Lab {allowed} erreichen und sonst nichts: Jeder andere Name und jede andere Adresse wird sofort abgewiesen. Wer den Kurs leitet, kann mehr erlauben.',
};
