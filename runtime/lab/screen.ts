// A terminal's last screen, kept while its lab is suspended and shown above the prompt of the terminal that takes its place. Pure.
const KEPT_CHARACTERS = 64 * 1024;

/** Questions to the terminal (ECMA-48 DSR and DA, OSC with `?`, DCS): shown again, the learner's xterm would answer them into the new shell. */
const QUESTIONS = /\x1b\[[>=?]?[\d;]*[cnxu]|\x1b\[\??[\d;]*\$p|\x1b\][^\x07\x1b]*\?[^\x07\x1b]*(?:\x07|\x1b\\)|\x1bP[^\x1b]*\x1b\\|\x1bZ/g;
/** No mouse reports, no bracketed paste, a visible cursor, no colours, the whole screen scrolls, which would also move the cursor. */
const PLAIN = '\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b7\x1b[r\x1b8\x1b[?25h\x1b[0m';

/** From what the shim kept of the output, to text that brings the screen back and says what has happened. */
export function lastScreen(output: string): string {
  const newest = output.length > KEPT_CHARACTERS ? output.slice(output.indexOf('\n', output.length - KEPT_CHARACTERS) + 1) : output;
  return `${newest.replace(QUESTIONS, '')}${leaveFullScreen(newest)}${PLAIN}\r\n\x1b[2m[The lab was suspended here. Files and containers are as they were; programs have ended.]\x1b[0m\r\n`;
}

/** Only of a program that was in it: otherwise the cursor would go to wherever it was last kept. */
const leaveFullScreen = (output: string): string => (([...output.matchAll(/\x1b\[\?(?:1049|1047|47)([hl])/g)].at(-1)?.[1] ?? 'l') === 'h' ? '\x1b[?1049l' : '');
