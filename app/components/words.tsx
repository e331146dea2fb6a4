// A sentence from the server in which `backticks` mark commands.
/** Below this many characters a command is not broken over two lines. */
export const SHORT_CODE = 28;

export function Words({ text }: { text: string }) {
  return text.split('`').map((part, index) => (index % 2 ? <code key={index} data-short={part.length < SHORT_CODE}>{part}</code> : part));
}
