// Recognises what a terminal says by itself when a program asks it something (its kind, the cursor's place, colours, focus).
// With several tabs on one terminal each would answer; only the one that is being used may.

const ESC = '\\u001b';
const answer = new RegExp(`^(?:${ESC}\\[[?>=]?[0-9;]*(?:c|n|R|t|\\$y)|${ESC}\\[[IO]|${ESC}\\](?:4|1[0-2]);[^\\u0007${ESC}]*(?:\\u0007|${ESC}\\\\)|${ESC}P[^${ESC}]*${ESC}\\\\)+$`);

export const isTerminalAnswer = (data: string) => data.startsWith('\u001b') && data.length < 4096 && answer.test(data);
