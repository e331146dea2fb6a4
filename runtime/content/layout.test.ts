import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeLayout } from '../image/fixture.ts';
import { digestOfBytes, hexOf } from './digest.ts';
import { openLayout } from './layout.ts';
import { imageConfigSchema, manifestSchema } from './oci.ts';

async function opened() {
  const directory = await makeLayout([{ names: ['one:latest'], layers: ['a layer of some bytes'] }]);
  const layout = openLayout(directory);
  const manifest = await layout.json((await layout.index()).manifests[0]!, manifestSchema);
  const layer = manifest.layers[0]!;
  return { directory, layout, manifest, layer, layerFile: join(directory, 'blobs/sha256', hexOf(layer.digest)) };
}

async function read(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test('manifest, config and layer are read by their digests', async () => {
  const { layout, manifest, layer } = await opened();
  expect((await layout.json(manifest.config, imageConfigSchema)).config.Cmd).toEqual(['sh']);
  expect(await read(layout.blob(layer))).toBe('a layer of some bytes');
});

test('a blob whose bytes were changed fails at its end', async () => {
  const { layout, layer, layerFile } = await opened();
  await writeFile(layerFile, 'A layer of some bytes');
  await expect(read(layout.blob(layer))).rejects.toThrow('does not have the content that its name promises');
});

test('a blob that is cut short, or longer, fails', async () => {
  const { layout, layer, layerFile } = await opened();
  await truncate(layerFile, 5);
  await expect(read(layout.blob(layer))).rejects.toThrow('does not have the content');
  await writeFile(layerFile, 'a layer of some bytes and more');
  await expect(read(layout.blob(layer))).rejects.toThrow('does not have the content');
});

test('a manifest that does not match its digest is not parsed, and a missing one is told', async () => {
  const { layout, directory, manifest } = await opened();
  await writeFile(join(directory, 'blobs/sha256', hexOf(manifest.config.digest)), '{"architecture":"amd64"}');
  await expect(layout.json(manifest.config, imageConfigSchema)).rejects.toThrow('does not have the content');
  await expect(layout.text({ ...manifest.config, digest: digestOfBytes('nothing') })).rejects.toThrow('is missing');
});

test('an index whose digests are paths is refused', async () => {
  const { directory } = await opened();
  await writeFile(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType: 'x', digest: 'sha256:../../../etc/passwd', size: 1 }] }));
  await expect(openLayout(directory).index()).rejects.toThrow('is no sha256 digest');
});
