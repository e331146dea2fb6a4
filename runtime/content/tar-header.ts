// The header of a plain file in a tar archive, for who streams a single member himself (image/save.ts): tar-stream would have all of its bytes go through it.
// https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html (ustar Interchange Format)

const BLOCK = 512;

/** `name` has at most a hundred bytes, `size` ends at 8 GiB. Owned by root, for everybody to read. */
export function tarHeader({ name, size, seconds }: { name: string; size: number; seconds: number }): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, digits: number) => header.write(value.toString(8).padStart(digits, '0'), at);
  header.write(name, 0);
  octal(0o644, 100, 7);
  octal(0, 108, 7); // uid
  octal(0, 116, 7); // gid
  octal(size, 124, 11);
  octal(seconds, 136, 11);
  header.write('0', 156); // a plain file
  header.write('ustar\x0000', 257);
  return withChecksum(header);
}

/** The block itself, with the checksum of what is in it now. */
export function withChecksum(header: Buffer): Buffer {
  header.write(' '.repeat(8), 148); // it is taken as if there were spaces in its place
  header.write(`${header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
