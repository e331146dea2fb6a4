// Links in pages that are served below a path: what begins at the root (`/style.css`) or at the server's own address gets the path before it. In HTML where
// addresses stand in attributes, in style sheets where they stand in url(…) and @import. Texts pass as they are, byte by byte, whatever their letters:
// only beginnings of addresses change. Scripts are not touched (fit.ts). That it misses something breaks a picture, never the sandbox.
import { Transform } from 'node:stream';
import { type StartTag, SAXParser, type Text } from 'parse5-sax-parser';

export interface LinkOptions {
  /** The path, without a slash at the end. */
  base: string;
  port: number;
  /** The origin that the page is on. */
  site: string;
  /** To be put first into the page. */
  tags?: string;
  /** Asked for each piece of a page: false when the rest must go as it is. Reading a page takes a processor's time that others need, too. */
  mayRead?: () => boolean;
}

interface Edit { at: number; remove: number; insert: string; }

const ADDRESSES = new Set(['href', 'src', 'action', 'formaction', 'poster', 'data', 'background', 'manifest', 'ping', 'xlink:href']);
const SETS = new Set(['srcset', 'imagesrcset']);
const PIECE = 1 << 16;
/** What the parser says nothing of for so long is passed on as it is, with all that follows: it would keep it whole in memory. */
const MAX_HELD = 1 << 18;

export function htmlLinks(options: LinkOptions): Transform {
  const parser = new SAXParser({ sourceCodeLocationInfo: true });
  let held = '';
  let start = 0; // where `held` begins
  let settled = 0; // up to here the parser has said what there is
  let edits: Edit[] = [];
  let tags = options.tags;
  let inStyle = false;
  let toRead = 0; // of the piece that was allowed

  parser.on('startTag', ({ tagName, attrs, sourceCodeLocation: at }: StartTag) => {
    if (!at) return;
    inStyle = tagName === 'style';
    if (tags && tagName !== 'html') {
      edits.push({ at: tagName === 'head' ? at.endOffset : at.startOffset, remove: 0, insert: tags });
      tags = undefined;
    }
    for (const { name, prefix } of attrs) {
      const whole = prefix ? `${prefix}:${name}` : name;
      const place = (at as { attrs?: Record<string, { startOffset: number; endOffset: number }> }).attrs?.[whole];
      if (!place) continue;
      const raw = held.slice(place.startOffset - start, place.endOffset - start);
      if (tagName === 'link' && whole === 'integrity') edits.push({ at: place.startOffset, remove: raw.length, insert: '' }); // the style sheet may be another one now
      const value = /^[^=]*=\s*["']?\s*/.exec(raw)?.[0].length;
      if (value === undefined || (whole === 'data' && tagName !== 'object')) continue;
      const found = ADDRESSES.has(whole) ? address(raw.slice(value), options) : SETS.has(whole) ? sets(raw.slice(value), options)
        : whole === 'style' ? inStyles(raw.slice(value), options) : whole === 'content' && tagName === 'meta' ? refresh(raw.slice(value), options) : [];
      edits.push(...found.map(edit => ({ ...edit, at: edit.at + place.startOffset + value })));
    }
    settled = at.endOffset;
  });
  parser.on('text', ({ sourceCodeLocation: at }: Text) => {
    if (!at) return;
    if (inStyle) edits.push(...inStyles(held.slice(at.startOffset - start, at.endOffset - start), options).map(edit => ({ ...edit, at: edit.at + at.startOffset })));
    settled = at.endOffset;
  });
  for (const event of ['endTag', 'comment', 'doctype'] as const) parser.on(event, (token: { sourceCodeLocation?: { endOffset: number } | null }) => {
    if (event === 'endTag') inStyle = false;
    settled = token.sourceCodeLocation?.endOffset ?? settled;
  });

  /** What nothing can change any more. Text that is not followed by a tag yet is shown, too: a page may be written slowly. */
  const ready = (all: boolean): string => {
    let end = all ? start + held.length : settled;
    if (!inStyle && end === settled) {
      const open = held.indexOf('<', settled - start);
      end = open < 0 ? start + held.length : start + open;
    }
    const out = apply(held.slice(0, end - start), start, edits);
    held = held.slice(end - start);
    edits = edits.filter(edit => edit.at > end);
    start = end;
    return out;
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (parser.destroyed) return done(null, chunk);
      const text = chunk.toString('latin1');
      held += text;
      toRead -= text.length;
      while (toRead < 0) {
        if (options.mayRead?.() === false) {
          const out = ready(true);
          parser.destroy();
          return done(null, Buffer.from(out, 'latin1'));
        }
        toRead += PIECE;
      }
      parser.write(text, error => {
        if (error) return done(error);
        const hasGivenUp = start + held.length - settled > MAX_HELD;
        const out = ready(hasGivenUp);
        if (hasGivenUp) parser.destroy();
        done(null, Buffer.from(out, 'latin1'));
      });
    },
    flush(done) {
      if (parser.destroyed) return done();
      parser.end(() => done(null, Buffer.from(ready(true), 'latin1')));
    },
    destroy(error, done) {
      parser.destroy();
      done(error);
    },
  });
}

export function cssLinks(options: LinkOptions): Transform {
  let held = '';
  const change = (text: string) => apply(text, 0, inStyles(text, options));
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      held += chunk.toString('latin1');
      // Never in the midst of an address: to the last line's or rule's end, as long as there is one.
      const end = held.length > MAX_HELD ? held.length : Math.max(held.lastIndexOf('}'), held.lastIndexOf('\n')) + 1;
      const text = held.slice(0, end);
      held = held.slice(end);
      done(null, Buffer.from(change(text), 'latin1'));
    },
    flush(done) { done(null, Buffer.from(change(held), 'latin1')); },
  });
}

function apply(text: string, start: number, edits: Edit[]): string {
  let out = '';
  let at = 0;
  for (const edit of edits.toSorted((a, b) => a.at - b.at)) {
    const place = edit.at - start;
    if (place < at || place > text.length) continue;
    out += text.slice(at, place) + edit.insert;
    at = place + edit.remove;
  }
  return out + text.slice(at);
}

/** At the beginning of a text. */
function address(text: string, { base, port, site }: LinkOptions): Edit[] {
  if (text.startsWith(`${site}/`) && !text.startsWith(`${site}${base}/`)) return [{ at: 0, remove: site.length, insert: base }]; // what was made of X-Forwarded-Host
  const own = new RegExp(`^(?:https?:)?//(?:localhost|127\\.0\\.0\\.1|0\\.0\\.0\\.0):${port}(?=[/?#"'\\s>]|$)`, 'i').exec(text)?.[0];
  if (own !== undefined) return [{ at: 0, remove: own.length, insert: base }];
  return /^\/(?![/\\])/.test(text) && !text.startsWith(`${base}/`) ? [{ at: 0, remove: 0, insert: base }] : [];
}

const sets = (text: string, options: LinkOptions): Edit[] => (/data:/i.test(text) ? [] : inside(text, /(?:^|,)\s*/g, options));
const inStyles = (text: string, options: LinkOptions): Edit[] => inside(text, /url\(\s*(?:["']|&quot;)?|@import\s+["']/gi, options);
const refresh = (text: string, options: LinkOptions): Edit[] => inside(text, /^[\d.]+\s*[;,]\s*(?:url\s*=\s*)?['"]?/gi, options);

/** Where an address follows what is looked for. */
function inside(text: string, before: RegExp, options: LinkOptions): Edit[] {
  return [...text.matchAll(before)].flatMap(match => {
    const at = match.index + match[0].length;
    return address(text.slice(at, at + 2048), options).map(edit => ({ ...edit, at }));
  });
}
