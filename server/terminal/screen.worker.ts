// The thread that keeps every terminal's screen: it parses all output with xterm.js, without a display, so that somebody who (re)attaches sees
// exactly what was there. It never answers: replies to a program's queries (onData) are not listened to, only a learner's own terminal answers.
import { createRequire } from 'node:module';
import { parentPort } from 'node:worker_threads';
import type { FromScreens, ToScreens } from './screens.ts';
import { unfinished } from './unfinished.ts';

const require = createRequire(import.meta.url); // these packages are CommonJS whose names Node cannot see from an import
const { Terminal } = require('@xterm/headless') as typeof import('@xterm/headless');
const { SerializeAddon } = require('@xterm/addon-serialize') as typeof import('@xterm/addon-serialize');
const { Unicode11Addon } = require('@xterm/addon-unicode11') as typeof import('@xterm/addon-unicode11');

/** Lines above the screen that a reattaching browser gets back; a full terminal then takes about 2.3 MB. */
const SCROLLBACK = 1000;
const NOTHING = new Uint8Array();

interface Kept { terminal: InstanceType<typeof Terminal>; serializer: InstanceType<typeof SerializeAddon>; rest: Uint8Array; }
const screens = new Map<number, Kept>();
const port = parentPort!;
const tell = (message: FromScreens) => port.postMessage(message);

port.on('message', (message: ToScreens) => {
  if (message.kind === 'open') return open(message.screen, message.cols, message.rows);
  const kept = screens.get(message.screen);
  if (!kept) return;
  switch (message.kind) {
    case 'write': {
      const { data } = message;
      kept.rest = new Uint8Array(unfinished(kept.rest.length ? Buffer.concat([kept.rest, data]) : data));
      kept.terminal.write(data, () => tell({ kind: 'parsed', screen: message.screen, bytes: data.length }));
      break;
    }
    case 'resize':
      // Writes are parsed in the background; an empty one marks the point in the stream at which this happened.
      kept.terminal.write(NOTHING, () => kept.terminal.resize(message.cols, message.rows));
      break;
    case 'serialize': {
      const { rest } = kept;
      kept.terminal.write(NOTHING, () => tell({ kind: 'serialized', request: message.request, text: kept.serializer.serialize({ scrollback: SCROLLBACK }), rest }));
      break;
    }
    case 'close':
      screens.delete(message.screen);
      kept.terminal.dispose();
      break;
  }
});

function open(screen: number, cols: number, rows: number) {
  const terminal = new Terminal({ cols, rows, scrollback: SCROLLBACK, allowProposedApi: true, logLevel: 'off' });
  const serializer = new SerializeAddon();
  // Both addons are typed against the browser's package, whose class has the members they use.
  terminal.loadAddon(serializer as never);
  terminal.loadAddon(new Unicode11Addon() as never);
  terminal.unicode.activeVersion = '11';
  screens.set(screen, { terminal, serializer, rest: NOTHING });
}
