import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { cssLinks, htmlLinks } from './links.ts';

const options = { base: '/preview/x', port: 8080, site: 'http://site.test' };
/** Whole, and torn into pieces of every size up to seven. */
async function through(kind: typeof htmlLinks, text: string, more: { tags?: string } = {}): Promise<string> {
  const bytes = Buffer.from(text);
  const answers = new Set<string>();
  for (const size of [1, 2, 3, 5, 7, bytes.length || 1]) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
    answers.add(Buffer.concat(await Readable.from(pieces).pipe(kind({ ...options, ...more })).toArray() as Buffer[]).toString());
  }
  expect([...answers]).toHaveLength(1);
  return [...answers][0]!;
}

test.each([
  ['<a href="/x">', '<a href="/preview/x/x">'], ["<img src='/a b.png'>", "<img src='/preview/x/a b.png'>"], ['<img src=/a.png>', '<img src=/preview/x/a.png>'], ['<form action="/">', '<form action="/preview/x/">'],
  ['<a href = " /x">', '<a href = " /preview/x/x">'], ['<A HREF="/x">', '<A HREF="/preview/x/x">'], ['<base href="/app/">', '<base href="/preview/x/app/">'], ['<use xlink:href="/i.svg#a"/>', '<use xlink:href="/preview/x/i.svg#a"/>'],
  ['<svg><use xlink:href="/i.svg#a"/></svg>', '<svg><use xlink:href="/preview/x/i.svg#a"/></svg>'],
  ['<img srcset="/a.png 1x, /b.png 2x">', '<img srcset="/preview/x/a.png 1x, /preview/x/b.png 2x">'], ['<p style="background:url(/b.png)">', '<p style="background:url(/preview/x/b.png)">'],
  ['<style>@import "/a.css"; p { background: url("/b.png") }</style>', '<style>@import "/preview/x/a.css"; p { background: url("/preview/x/b.png") }</style>'],
  ['<meta http-equiv="refresh" content="0; url=/next">', '<meta http-equiv="refresh" content="0; url=/preview/x/next">'],
  ['<a href="http://localhost:8080/x">', '<a href="/preview/x/x">'], ['<a href="//127.0.0.1:8080">', '<a href="/preview/x">'], ['<a href="http://site.test/x">', '<a href="/preview/x/x">'], ['<link rel="stylesheet" href="/a.css" integrity="sha256-x">', '<link rel="stylesheet" href="/preview/x/a.css" >'],
  ['Grüße<a href="/ü">é&nbsp;</a>\r\n<b>', 'Grüße<a href="/preview/x/ü">é&nbsp;</a>\r\n<b>'],
  ['<a title="<b href=/no>" href="/yes">', '<a title="<b href=/no>" href="/preview/x/yes">'],
])('%s becomes %s', async (text, wanted) => expect(await through(htmlLinks, text)).toBe(wanted));

test.each([
  '<a href="x">', '<a href="./x">', '<a href="//example.org/x">', '<a href="https://example.org/">', '<a href="#a">', '<a href="?a">', '<a href>', '<p data="/x">', '<!-- <a href="/x"> -->', '<script>a = "<a href=\\"/x\\">"</script>',
  '<textarea><a href="/x"></textarea>', '<a href="/preview/x/already">', '<img srcset="data:image/png;base64,/9j/ 1x">', '<a href="/\\evil.example">', 'a < b', '', '<', '<a href="/x', '<a href="http://localhost:8081/">', '<a href="http://site.test/preview/x/y">', '<a href="http://site.test.evil.example/">',
])('%s stays as it is', async text => expect(await through(htmlLinks, text)).toBe(text));

test.each([
  ['<!doctype html><html><head><title>', '<!doctype html><html><head>TAGS<title>'], ['<h1>x', 'TAGS<h1>x'], ['<!doctype html><!-- a --><p>', '<!doctype html><!-- a -->TAGS<p>'], ['just text', 'just text'],
])('what is to come first comes first: %s', async (text, wanted) => expect(await through(htmlLinks, text, { tags: 'TAGS' })).toBe(wanted));

test.each([
  ['@import "/a.css"; @import url(/b.css);', '@import "/preview/x/a.css"; @import url(/preview/x/b.css);'], ['a{b:url( \'/c\' )}\nd{e:url(f)}', 'a{b:url( \'/preview/x/c\' )}\nd{e:url(f)}'], ['a{b:url(data:x/y,/z)} c{d:url(//cdn/x)}', 'a{b:url(data:x/y,/z)} c{d:url(//cdn/x)}'],
])('in a style sheet: %s', async (text, wanted) => expect(await through(cssLinks, text)).toBe(wanted));

test('text is shown as it comes, before the page has ended', async () => {
  const page = htmlLinks(options);
  const got: string[] = [];
  page.on('data', (part: Buffer) => got.push(part.toString()));
  page.write('<p>one');
  await expect.poll(() => got.join('')).toBe('<p>one');
  page.write(' two <a href="/x');
  await expect.poll(() => got.join('')).toBe('<p>one two ');
  page.end('">');
  await expect.poll(() => got.join('')).toBe('<p>one two <a href="/preview/x/x">');
});

test.each(['<a ', '<!--', '<style>', 'text '])('what has no end costs no more memory than it may: %s', async beginning => {
  const page = htmlLinks(options);
  let bytes = 0;
  page.on('data', (part: Buffer) => { bytes += part.length; });
  const sent = 16 * 65_536 + beginning.length;
  for (let i = 0; i < 16; i++) await new Promise(resolve => page.write(`${i ? '' : beginning}${'x'.repeat(65_536)}`, resolve));
  expect(sent - bytes).toBeLessThan(300_000);
  page.end('<a href="/x">');
  await new Promise(resolve => page.once('end', resolve));
  expect(bytes - sent).toBeLessThanOrEqual('<a href="/preview/x/x">'.length);
});

test('a page is read as far as it may be, and the rest goes as it is', async () => {
  let pieces = 2;
  const page = htmlLinks({ ...options, mayRead: () => pieces-- > 0 });
  const got: Buffer[] = [];
  page.on('data', (part: Buffer) => got.push(part));
  const line = `<a href="/x">${'y'.repeat(1011)}`; // a kibibyte
  for (let i = 0; i < 256; i++) page.write(line);
  page.end();
  await new Promise(resolve => page.once('end', resolve));
  const text = Buffer.concat(got).toString();
  expect([text.match(/"\/preview\/x\/x"/g)?.length, text.match(/"\/x"/g)?.length]).toEqual([128, 128]);
});
