// Extended attributes in tar archives are bytes, which tar-stream takes for UTF-8 text: what is no such text would be lost, half of all file
// capabilities among it. `attributesAsText` goes before it and writes each byte as the character of that number, `attributesAsBytes` after it and
// turns them back. Nothing else of an archive changes. The whole archive is untrusted input. Called by whiteouts.ts and set-up.
// https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13_03
import { Transform } from 'node:stream';
import { SlipwayError } from '../errors.ts';
import { withChecksum } from './tar-header.ts';

const BLOCK = 512;
const XATTR = Buffer.from('SCHILY.xattr.');
/** tar-stream holds these headers in memory, too. */
const MAX_HEADER = 1 << 20;

export const attributesAsText = () => rewritten(value => Buffer.from(value.toString('latin1'), 'utf8'));
export const attributesAsBytes = () => rewritten(value => Buffer.from(value.toString('utf8'), 'latin1'));

function rewritten(change: (value: Buffer) => Buffer): Transform {
  let held = Buffer.alloc(0);
  /** Of the current entry's content, with its padding: passed on as it is. */
  let passing = 0;
  /** The header of attributes whose content is awaited. */
  let header: { block: Buffer; size: number } | null = null;
  /** Of the next entry, where its attributes say so. */
  let nextSize: number | null = null;
  return new Transform({
    highWaterMark: 1 << 20,
    transform(chunk: Buffer, _encoding, done) {
      try {
        let rest = held.length ? Buffer.concat([held, chunk]) : chunk;
        for (;;) {
          if (passing > 0) {
            if (rest.length === 0) break;
            const piece = rest.subarray(0, passing);
            this.push(piece);
            passing -= piece.length;
            rest = rest.subarray(piece.length);
          } else if (header) {
            const padded = Math.ceil(header.size / BLOCK) * BLOCK;
            if (rest.length < padded) break;
            const { body, size } = records(rest.subarray(0, header.size), change);
            nextSize = size ?? nextSize;
            this.push(withSize(header.block, body.length));
            this.push(Buffer.concat([body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK)]));
            rest = rest.subarray(padded);
            header = null;
          } else {
            if (rest.length < BLOCK) break;
            const block = rest.subarray(0, BLOCK);
            const type = String.fromCharCode(block[156]!);
            const size = sizeOf(block);
            rest = rest.subarray(BLOCK);
            if (type === 'x') {
              if (size > MAX_HEADER) throw new SlipwayError('InvalidParameter', 'archive/tar: a header of extended attributes is too large');
              header = { block: Buffer.from(block), size };
            } else {
              this.push(block);
              passing = type === '5' ? 0 : Math.ceil((isOfNext(type) ? size : nextSize ?? size) / BLOCK) * BLOCK; // a directory has none, whatever it says
              if (!isOfNext(type)) nextSize = null;
            }
          }
        }
        held = Buffer.from(rest);
        done();
      } catch (error) {
        done(error as Error);
      }
    },
    flush(done) {
      if (header) this.push(header.block);
      done(null, held); // an archive that ends too early: tar-stream says so
    },
  });
}

/** Long names and global attributes stand before the entry that they are of. */
const isOfNext = (type: string) => 'LKNg'.includes(type);

/** Octal, or base 256 for what is larger. */
function sizeOf(block: Buffer): number {
  const field = block.subarray(124, 136);
  if (field[0]! & 0x80) return Number(field.readBigUInt64BE(4) & 0x7fffffffffffffffn);
  return Number.parseInt(field.toString('latin1').replace(/\0.*$/s, '').trim() || '0', 8) || 0;
}

function withSize(block: Buffer, size: number): Buffer {
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  return withChecksum(block);
}

/** Each record is `<length> <key>=<value>\n`. What is none is left as it is. */
function records(body: Buffer, change: (value: Buffer) => Buffer): { body: Buffer; size: number | null } {
  const out: Buffer[] = [];
  let size: number | null = null;
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(0x20, at);
    const length = Number(body.subarray(at, space < 0 ? at : space).toString('latin1'));
    const equals = body.indexOf(0x3d, space);
    if (!Number.isSafeInteger(length) || length <= 0 || equals < 0 || equals >= at + length || at + length > body.length) return { body: Buffer.concat([...out, body.subarray(at)]), size };
    const key = body.subarray(space + 1, equals);
    const value = body.subarray(equals + 1, at + length - 1);
    if (key.equals(Buffer.from('size'))) size = Number(value.toString('latin1')) || 0;
    out.push(key.subarray(0, XATTR.length).equals(XATTR) ? record(key, change(value)) : body.subarray(at, at + length));
    at += length;
  }
  return { body: Buffer.concat(out), size };
}

function record(key: Buffer, value: Buffer): Buffer {
  const text = Buffer.concat([Buffer.from(' '), key, Buffer.from('='), value, Buffer.from('\n')]);
  let length = text.length + 1;
  while (String(length).length + text.length !== length) length = String(length).length + text.length;
  return Buffer.concat([Buffer.from(String(length)), text]);
}
