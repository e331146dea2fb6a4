// Where the result of a build goes: into the host's images. Called by solve.ts.
import { SlipwayError } from '../errors.ts';
import type { NewImage } from '../image/made.ts';
import { canonicalName, familiarString, parseReference, withDefaultTag } from '../image/reference.ts';
import type { BuildKitParts } from './parts.ts';
import type { Progress } from './progress.ts';
import type { Session } from './session.ts';

export interface Export { type: string; attrs: Readonly<Record<string, string>> }
export interface ExportOptions { image: NewImage; exports: readonly Export[]; progress: Progress; session: () => Promise<Session>; signal: AbortSignal }

/** What the client is answered. */
export async function exportImage(parts: BuildKitParts, { image, exports, progress }: ExportOptions): Promise<Record<string, string>> {
  let answer: Record<string, string> = {};
  for (const { type, attrs } of exports) {
    if (type !== 'moby' && type !== 'image') throw new SlipwayError('NotImplemented', `this engine's builder has no exporter ${type}: without -o the image goes to docker images`);
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
