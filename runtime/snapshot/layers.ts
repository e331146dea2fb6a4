// Layers that a lab makes itself: from a container's changes, from an archive, from a directory of the builder's. Each ends as a directory on
// the lab's disk named after its chain id. Called by image/ and build/. Everything on files is done inside the lab (scripts.ts).
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { diffIdSchema, digestSchema, type ChainId } from '../content/digest.ts';
import { SlipwayError } from '../errors.ts';
import type { ImageLayer } from '../image/model.ts';
import { runScript, type Place } from '../kernel/stream.ts';
import { isLocal, localDir, localKey, scratchDir } from './layer-path.ts';
import { script } from './scripts.ts';

/** An archive without a member: no layer is made of it. https://github.com/moby/moby/blob/v26.1.5/layer/empty.go */
export const EMPTY_DIFF_ID = 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef';

const dropEmpty = `empty=${EMPTY_DIFF_ID}\n`;

const chainOf = (below: readonly ImageLayer[]) => below.at(-1)?.chainId ?? '';
export const newScratch = (what: string) => `${scratchDir}/${what}-${randomBytes(8).toString('hex')}`;

/** From an upper directory, which stays as it is. Null when nothing has changed. */
export async function layerFromUpper(host: Place, upper: string, below: readonly ImageLayer[], signal?: AbortSignal): Promise<ImageLayer | null> {
  const body = dropEmpty + 'mkdir -p "$2" && [ -d "$1" ] || { [ -e "$1" ] || mkdir -p "$2/none"; set -- "$2/none" "$2" "$3"; }; measure "$1" && adopt "$2/layer" "$3" "" "" pack "$1" "$2/marks"; r=$?; rm -rf "$2"; exit $r';
  return made(host, newScratch('layer'), scratch => script(body, upper, scratch, chainOf(below)), { signal });
}

/** From an upper directory that nobody needs any more: it becomes the layer. Null when nothing has changed, unless `keepEmpty`. */
export async function layerOfUpper(host: Place, upper: string, below: readonly ImageLayer[], { keepEmpty = false, signal }: { keepEmpty?: boolean; signal?: AbortSignal | undefined } = {}): Promise<ImageLayer | null> {
  const body = `${keepEmpty ? '' : dropEmpty}mkdir -p "$2/layer" && measure "$1" || { r=$?; rm -rf "$2"; exit $r; }
sum=$( (pack "$1" "$2/marks") | sha256sum | cut -c 1-64) || exit 1
cd "$1" || exit 1
dated= # these keep their times, which the archive has, when what the runtime put there goes
for d in dev etc; do if [ -d "$d" ] && [ ! -L "$d" ] && grep -qzxF "./$d" "$2/marks.files"; then dated="$dated $d"; fi; done
[ -z "$dated" ] || "$tar" -c --format=posix --no-recursion -f "$2/dated" $dated || exit 1
for f in .dockerenv dev/console etc/hosts etc/hostname etc/resolv.conf; do if [ -f "$f" ] && [ ! -L "$f" ] && [ ! -s "$f" ]; then rm -f "$f"; fi; done
for d in dev/pts dev/shm dev/mqueue dev proc sys etc; do [ ! -d "$d" ] || [ -L "$d" ] || grep -qzxF "./$d" "$2/marks.files" || rmdir "$d" 2>/dev/null; done
[ -z "$dated" ] || "$tar" -x -p -f "$2/dated" || exit 1
cd / && mv "$1" "$2/layer/diff" && settle "$2/layer" "$3" "sha256:$sum"; r=$?; rm -rf "$2"; exit $r`;
  return made(host, newScratch('layer'), scratch => script(body, upper, scratch, chainOf(below)), { keepEmpty, signal });
}

/**
 * From an archive, which must have the digest `expected` when that is given; its bytes are kept unless told otherwise, as they came if that was with gzip, so that what is saved or pushed later
 * has the same digest. Of an archive that is a file of ours only its name is kept: nobody writes into it any more.
 */
export async function layerFromArchive(host: Place, archive: { input: AsyncIterable<Buffer> } | { path: string }, below: readonly ImageLayer[], { compression = '', expected = '', keep = true, signal }: { compression?: string; expected?: string; keep?: boolean; signal?: AbortSignal | undefined }): Promise<ImageLayer | null> {
  const body = `${expected ? '' : dropEmpty}mkdir -p "$1/layer" || exit 1
as_it_came() { through "" "$1" | ungzip; }
case $4,$6,$3 in
  ,keep,?*) adopt_file "$1/layer" "$2" "$5" "$3" ;;
  gzip,keep,*) [ -z "$3" ] || exec < "$3" || exit 1; adopt "$1/layer" "$2" "$5" "" as_it_came "$1/layer/layer.tar.gz" ;;
  *) [ -z "$3" ] || exec < "$3" || exit 1; adopt "$1/layer" "$2" "$5" "\${6:+$1/layer/layer.tar}" plain "$4" ;;
esac; r=$?; rm -rf "$1"; exit $r`;
  return made(host, newScratch('layer'), scratch => script(body, scratch, chainOf(below), 'path' in archive ? archive.path : '', compression, expected, keep ? 'keep' : ''), { ...archive, signal, keepEmpty: expected !== '' });
}

async function made(host: Place, scratch: string, argv: (scratch: string) => string[], { input, signal, keepEmpty = false }: { input?: AsyncIterable<Buffer>; signal?: AbortSignal | undefined; keepEmpty?: boolean }): Promise<ImageLayer | null> {
  const { code, stdout, stderr } = await runScript(host, { argv: argv(scratch), ...(input ? { input } : {}), ...(signal ? { signal } : {}) }).catch(async (error: unknown) => {
    await removeScratch(host, scratch); // it was cut off before it could tidy up
    throw error;
  });
  if (code !== 0) throw new SlipwayError('System', firstWords(stderr) || `the layer could not be made (${code})`);
  const said = saidSchema.parse(stdout.trim().split(' '));
  if (said[0] === EMPTY_DIFF_ID && !keepEmpty) return null;
  const chainId = said[1] as string as ChainId;
  return { diffId: said[0], chainId, key: localKey(chainId), sizeBytes: said[2] };
}

const saidSchema = z.tuple([diffIdSchema, digestSchema, z.coerce.number().int().nonnegative()]);

/** What the tools in the lab complain of first, in dockerd's words where it has some: their own name paths that say nothing to a learner. */
export function firstWords(stderr: string): string {
  const line = stderr.split('\n').map(text => text.replace(/^\/\S*\/(tar|igzip|zstd): /, '').trim()).find(text => text && !/^(Exiting with failure|Error is not recoverable|Skipping to next header|A lone zero block|Removing leading)/.test(text)) ?? '';
  for (const [theirs, ours] of WORDS) if (theirs.test(line)) return line.replace(theirs, ours);
  return line;
}

const WORDS: readonly [RegExp, string][] = [
  [/^(This does not look like a tar archive|Unexpected EOF in archive|.*: Read error \(39\) : premature end|.*does not contain a complete gzip file.*|.*unexpected end of file|.*short read)$/, 'unexpected EOF'],
  [/^Archive is compressed\. Use .*$/, 'archive/tar: invalid tar header'],
  [/^(\.\/)?(.*): Cannot change ownership to uid (\d+), gid (\d+): Invalid argument$/, 'failed to Lchown "/$2" for UID $3, GID $4 (the ids of a lab end at 65535): lchown /$2: invalid argument'],
  [/^(\.\/)?(.*): (Cannot write: Disk quota exceeded|Wrote only \d+ of \d+ bytes)$/, 'write /$2: disk quota exceeded'],
  [/^(\.\/)?(.*): Cannot open: File name too long$/, 'open /$2: file name too long'],
];

/** Removes local layers' files. */
export async function removeLayers(host: Place, keys: readonly string[]): Promise<void> {
  const places = keys.filter(isLocal).map(localDir);
  if (places.length) await runScript(host, { argv: ['busybox', 'rm', '-rf', ...places] });
}

export async function removeScratch(host: Place, path: string): Promise<void> {
  await runScript(host, { argv: ['busybox', 'rm', '-rf', path] });
}
