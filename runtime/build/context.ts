// The build context: an archive from the client, unpacked on the lab's disk for the length of one build. Called by api/builds.ts.
import { SlipwayError } from '../errors.ts';
import { runScript, type Place } from '../kernel/stream.ts';
import { firstWords, newScratch, removeScratch } from '../snapshot/layers.ts';
import { script } from '../snapshot/scripts.ts';

const MAX_DOCKERFILE = 1 << 20; // bytes

/** Resolves with its directory in the lab, which removeContext removes, and the text of its Dockerfile, whose links lead no further than the context. */
export async function unpackContext(host: Place, input: AsyncIterable<Buffer>, options: { compression: string; dockerfile: string; signal: AbortSignal }): Promise<{ context: string; text: string }> {
  const context = newScratch('context');
  const body = `mkdir -p "$1" || exit 1
plain "$2" | ended | { "$tar" -x -p --same-owner --numeric-owner --delay-directory-restore --warning=no-timestamp $kept -C "$1"; r=$?; cat > /dev/null; exit $r; } || exit 1
resolve "$1" "$3" 1 && [ -f "$1$found" ] || exit 3
head -c ${MAX_DOCKERFILE + 1} "$1$found"`;
  try {
    const { code, stdout, stderr } = await runScript(host, { argv: script(body, context, options.compression, options.dockerfile), input, signal: options.signal });
    if (code === 3) throw new SlipwayError('System', `Cannot locate specified Dockerfile: ${options.dockerfile}`);
    if (code !== 0) throw new SlipwayError('System', `Error processing tar file(${firstWords(stderr) || `exit status ${code}`})`);
    if (stdout.length > MAX_DOCKERFILE) throw new SlipwayError('InvalidParameter', `the Dockerfile (${options.dockerfile}) is larger than ${MAX_DOCKERFILE} bytes`);
    return { context, text: stdout };
  } catch (error) {
    await removeContext(host, context);
    throw error;
  }
}

export const removeContext = (host: Place, context: string) => removeScratch(host, context);
