// Routes of images in archives: save, load, and import for POST /images/create. Bytes only pass through here: they are packed and unpacked inside
// the lab (image/load.ts, image/save.ts).
import { z } from 'zod';
import { applyChanges } from '../build/configure.ts';
import { asImageConfig, newName } from '../container/commit.ts';
import { containerConfigSchema } from '../container/config.ts';
import { timestamp } from '../container/time.ts';
import { SlipwayError } from '../errors.ts';
import { load } from '../image/load.ts';
import { makeImage } from '../image/made.ts';
import { canonicalName, familiarString } from '../image/reference.ts';
import { save } from '../image/save.ts';
import { layerFromArchive } from '../snapshot/layers.ts';
import { detectCompression } from './archive.ts';
import type { Call } from './call.ts';
import { send } from './files.ts';
import { THIS_ARCHITECTURE } from './platform.ts';
import { bool } from './query.ts';
import { route, type Reply } from './route.ts';
import { ENGINE_VERSION } from './version.ts';

export const archiveRoutes = [
  route('GET', '/images/get', { handle: call => saveNamed(call, call.queryAll('names')) }),
  route('GET', '/images/:name*/get', { handle: call => saveNamed(call, [call.params.name!]) }),

  route('POST', '/images/load', {
    query: z.object({ quiet: bool }),
    async handle(call) {
      const { api } = call;
      const { compression, input } = await detectCompression(call.input());
      await progress(call, async message => load(api.host, { images: api.images, input, compression, signal: call.signal, say: stream => message({ stream }) }), { inStream: true });
      return null;
    },
  }),
];

async function saveNamed(call: Call, names: readonly string[]): Promise<Reply> {
  const { api } = call;
  await send(call, {}, async out => {
    for (const { id, config } of await save(api.host, { images: api.images, library: api.library, mirror: api.mirror, names, out })) api.host.events.emit('image', 'save', id, { ...config.config.Labels, name: id });
  });
  return null;
}

/** `docker import`: an archive of files becomes an image of one layer. */
export async function importImage(call: Call, query: { fromSrc: string; repo: string; tag: string; message: string }): Promise<Reply> {
  const { api } = call;
  if (query.fromSrc !== '-') throw new SlipwayError('InvalidParameter', `this lab fetches nothing from a network: ${query.fromSrc} cannot be imported; save it to a file first`);
  const name = newName(query.repo, query.tag);
  const config = asImageConfig(applyChanges({ ...containerConfigSchema.parse({}), Labels: null as never }, call.queryAll('changes')));
  const { compression, input } = await detectCompression(call.input());
  await progress(call, async message => {
    const layer = await layerFromArchive(api.host, { input }, [], { compression, signal: call.signal });
    const image = makeImage({ parent: null, layer, config, container: { id: '', config: {} }, createdBy: '', author: '', comment: query.message || `Imported from ${query.fromSrc}`, created: timestamp(), architecture: THIS_ARCHITECTURE, dockerVersion: ENGINE_VERSION });
    await api.images.put(image, { names: name ? [canonicalName(name)] : [], events: [{ action: 'import', id: image.id, attributes: { name: name ? familiarString(name) : image.id } }] });
    await message({ status: image.id });
  });
  return null;
}

/** Messages as they come; what fails before the first is an error with a status, what fails later a message too. `inStream`: all are messages. */
async function progress(call: Call, work: (message: (json: unknown) => Promise<void>) => Promise<void>, { inStream = false } = {}): Promise<void> {
  let out: ReturnType<Call['stream']> | undefined;
  const message = (json: unknown) => (out ??= call.stream('application/json', { reportAtEnd: true })).write(`${JSON.stringify(json)}\r\n`);
  try {
    await work(message);
  } catch (error) {
    if (call.signal.aborted) return;
    if (!out && !inStream) throw error;
    const text = error instanceof Error ? error.message : String(error);
    call.failed(text);
    await message({ errorDetail: { message: text }, error: text });
  }
  out?.end();
}
