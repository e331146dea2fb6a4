// The build context: an archive from the client, unpacked on the lab's disk for the length of one build. Called by api/builds.ts.
import { SlipwayError } from '../errors.ts';
import { runScript, type Place } from '../kernel/stream.ts';
import { firstWords, newScratch, removeScratch } from '../snapshot/layers.ts';
import { script } from '../snapshot/scripts.ts';

const MAX_DOCKERFILE = 1 << 20; // bytes

/** Resolves with its directory in the lab; removeContext removes it. */
export async function unpackContext(host: Place, input: AsyncIterable<Buffer>, compression: string, signal: AbortSignal): Promise<string> {
  const context = newScratch('context');
  const body = `mkdir -p "$1" || exit 1
case $2 in gzip) gunzip ;; bzip2) bunzip2 ;; xz) unxz ;; *) cat ;; esac | ended | { "$tar" -x -p --same-owner --numeric-owner --delay-directory-restore --warning=no-timestamp $kept -C "$1"; r=$?; cat > /dev/null; exit $r; }`;
  try {
    const { code, stderr } = await runScript(host, { argv: script(body, context, compression), input, signal });
    if (code !== 0) throw new SlipwayError('System', `Error processing tar file(${firstWords(stderr) || `exit status ${code}`})`);
    return context;
  } catch (error) {
    await removeContext(host, context);
    throw error;
  }
}

export const removeContext = (host: Place, context: string) => removeScratch(host, context);

/** A Dockerfile of the context; links in it lead no further than the context. */
export async function readDockerfile(host: Place, context: string, name: string): Promise<string> {
  const { code, stdout } = await runScript(host, { argv: script(`resolve "$1" "$2" 1 && [ -f "$1$found" ] || exit 3; head -c ${MAX_DOCKERFILE + 1} "$1$found"`, context, name) });
  if (code !== 0) throw new SlipwayError('System', `Cannot locate specified Dockerfile: ${name}`);
  if (stdout.length > MAX_DOCKERFILE) throw new SlipwayError('InvalidParameter', `the Dockerfile (${name}) is larger than ${MAX_DOCKERFILE} bytes`);
  return stdout;
}
