// .dockerignore, as far as it is the daemon's affair: clients leave out what it names, but send the Dockerfile all the same. Pure. Called by context.ts.
// https://docs.docker.com/build/concepts/context/#dockerignore-files
import { globMatcher } from '../image/glob.ts';

/** Beyond these a file is no .dockerignore that anybody wrote. */
const MAX_TEXT = 16 << 10, MAX_NAME = 255, MAX_PARTS = 16;

/** Does the file's text exclude this name, or a directory that it is in? The last pattern that fits decides. */
export function isIgnored(text: string, name: string): boolean {
  if (text.length > MAX_TEXT || name.length > MAX_NAME) return false;
  const parts = name.split('/');
  if (parts.length > MAX_PARTS) return false;
  const names = parts.map((_, at) => parts.slice(0, at + 1).join('/'));
  let ignored = false;
  for (const line of text.replace(/^\uFEFF/, '').split(/\r?\n/)) {
    const pattern = line.startsWith('#') ? '' : line.trim();
    const back = pattern.startsWith('!');
    const path = pattern.slice(back ? 1 : 0).trim().split('/').filter(part => part !== '' && part !== '.').join('/');
    if (path !== '' && names.some(globMatcher(path, { doubleStars: true }))) ignored = !back;
  }
  return ignored;
}
