// Where the result of a build goes: into the host's images, or to the client as files (-o). Called by solve.ts.
import { asSlipwayError, SlipwayError } from '../errors.ts';
import type { NewImage } from '../image/made.ts';
import { canonicalName, familiarString, parseReference, withDefaultTag } from '../image/reference.ts';
import { sendArchive, sendFiles } from './export-files.ts';
import type { BuildKitParts } from './parts.ts';
import type { Progress } from './progress.ts';
import type { Session } from './session.ts';

export interface Export { type: string; attrs: Readonly<Record<string, string>> }
export interface ExportOptions { image: NewImage; exports: readonly Export[]; progress: Progress; session: () => Promise<Session>; signal: AbortSignal }

/** What the client is answered. */
export async function exportImage(parts: BuildKitParts, options: ExportOptions): Promise<Record<string, string>> {
  const { image, exports, progress } = options;
  let answer: Record<string, string> = {};
  for (const [at, { type, attrs }] of exports.entries()) {
    if (type === 'local' || type === 'tar') {
      await exportFiles(parts, options, type, String(at));
      continue;
    }
    if (type !== 'moby' && type !== 'image') throw new SlipwayError('NotFound', `exporter ${JSON.stringify(type)} could not be found`);
    if (attrs.push === 'true') throw new SlipwayError('InvalidParameter', 'the builder pushes nothing by itself: use docker push');
    const names = (attrs.name ?? '').split(',').filter(Boolean).map(name => withDefaultTag(parseReference(name)));
    const step = progress.step('exporting to image');
    step.start();
    const layers = step.status('exporting layers');
    layers.done();
    const writing = step.status(`writing image ${image.id}`);
    await parts.images.put(image, { names: [], events: [] });
    writing.done();
    for (const name of names) {
      const naming = step.status(`naming to ${canonicalName(name).replace(/:latest$/, '')}`);
      await parts.images.put(image, { names: [canonicalName(name)], events: [{ action: 'tag', id: image.id, attributes: { ...image.config.config.Labels, name: familiarString(name) } }] });
      naming.done();
    }
    step.end();
    answer = {
      'containerimage.config.digest': image.id, 'containerimage.digest': image.id,
      ...(names.length ? { 'image.name': names.map(name => canonicalName(name).replace(/:latest$/, '')).join(',') } : {}),
    };
  }
  return answer;
}

async function exportFiles(parts: BuildKitParts, { image, progress, session, signal }: ExportOptions, type: 'local' | 'tar', exporter: string): Promise<void> {
  const step = progress.step(type === 'local' ? 'exporting to client directory' : 'exporting to client tarball');
  step.start();
  try {
    const to = (await session()).output({ 'buildkit-attachable-exporter-id': exporter }, signal);
    const status = type === 'local' ? step.status('copying files', 'transferring') : step.status('sending tarball');
    if (type === 'tar') await sendArchive(parts.host, image.layers, to, signal);
    else await sendFiles(parts.host, image.layers, to, { signal, onSent: bytes => status.progress(bytes) });
    status.done();
    step.end();
  } catch (error) {
    step.end(asSlipwayError(error).message);
    throw error;
  }
}
