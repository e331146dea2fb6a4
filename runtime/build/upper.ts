// A layer made without a container: an overlay over the layers below is mounted in the lab, a script changes files in it, and its upper
// directory becomes the layer. Called by copy.ts and builder.ts.
import { OWNER_OF_FILES } from './copy-script.ts';
import { SlipwayError } from '../errors.ts';
import type { ImageLayer } from '../image/model.ts';
import { runScript, type Place } from '../kernel/stream.ts';
import type { Step } from '../kernel/protocol.ts';
import { lowerOf } from '../snapshot/layer-path.ts';
import { EMPTY_DIFF_ID, firstWords, layerOfUpper, newScratch, removeScratch } from '../snapshot/layers.ts';

const MS_NODEV = 4;

/** WORKDIR's: arguments are the root and the directory below it. */
export const MAKE_DIRECTORY = 'resolve "$1" "$2" 1 && mkdir -p "$1$found" 2> /dev/null || { echo "mkdir $2: not a directory" >&2; exit 1; }';
/** The same for BuildKit, where it and what is above it belong to the user that is the third argument. */
export const MAKE_USERS_DIRECTORY = `root=$1 own=$3
${OWNER_OF_FILES}
resolve "$1" "$2" 1 || exit 1
top=$found
while [ "$top" != "\${top%/*}" ] && [ -n "\${top%/*}" ] && [ ! -e "$1\${top%/*}" ]; do top=\${top%/*}; done
[ -e "$1$found" ] && [ ! -d "$1$found" ] && { echo "mkdir $2: not a directory" >&2; exit 1; }
[ ! -d "$1$found" ] || exit 0
mkdir -p "$1$found" 2> /dev/null && chown -R "$uid:$gid" "$1$top" || { echo "mkdir $2: not a directory" >&2; exit 1; }`;

export async function changesOf(host: Place, below: readonly ImageLayer[], work: { argv: (root: string) => string[]; before?: Step[]; after?: Step[]; input?: AsyncIterable<Buffer>; signal?: AbortSignal; keepEmpty?: boolean }): Promise<ImageLayer | null> {
  const scratch = newScratch('step');
  const [upper, workdir, root, empty] = ['upper', 'work', 'root', 'empty'].map(name => `${scratch}/${name}`) as [string, string, string, string];
  const { lower, before: links } = lowerOf(below.filter(layer => layer.diffId !== EMPTY_DIFF_ID).map(layer => layer.key));
  try {
    const { code, stderr } = await runScript(host, {
      argv: work.argv(root), ...(work.input ? { input: work.input } : {}), ...(work.signal ? { signal: work.signal } : {}),
      before: [
        ...[upper, workdir, root, empty].map((path): Step => ({ do: 'mkdir', path, mode: 0o755 })),
        ...links,
        { do: 'mount', type: 'overlay', source: 'overlay', target: root, flags: MS_NODEV, data: `lowerdir=${lower || empty},upperdir=${upper},workdir=${workdir},userxattr` },
        ...(work.before ?? []),
      ],
      after: [...(work.after ?? []), { do: 'umount', path: root }],
    });
    if (code !== 0) throw new SlipwayError('System', firstWords(stderr) || `the files could not be changed (${code})`);
    return await layerOfUpper(host, upper, below, { keepEmpty: work.keepEmpty ?? false, signal: work.signal });
  } finally {
    await removeScratch(host, scratch);
  }
}
