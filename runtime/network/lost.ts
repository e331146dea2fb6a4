// How it shows that bridges or packet rules of the host are gone, which mend.ts then makes anew; in dockerd's words as far as it has any. Pure.
// Called by container/runtime-errors.ts for what steps say.
/** Also how start.ts and connect.ts know it again. */
export const MADE_ANEW = 'It has been made anew: try again';

/** dockerd's words, if that is what a step died of. */
export function lostNetwork(message: string, name: string): string | null {
  const device = /^(?:busybox: )?ip: (?:Cannot find device|Error: argument) "([^"]*)"/m.exec(message)?.[1];
  if (device) return `failed to create endpoint ${name}: adding interface to bridge ${device} failed: could not find bridge ${device}: route ip+net: no such network interface. ${MADE_ANEW}`;
  if (/^(?:busybox: )?nft: [^]*No such file or directory/m.test(message)) return `driver failed programming external connectivity on endpoint ${name}: the packet rules of docker are gone from this host (nft list table ip docker: No such file or directory). ${MADE_ANEW}`;
  return null;
}
