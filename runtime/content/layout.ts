// Reads an OCI image layout. Every blob is checked against its digest and size while it is read: what does not match its name
// never reaches the end of the stream. Called by image/ and by set-up; writes nothing.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline, Transform, type Readable } from 'node:stream';
import type { z } from 'zod';
import { SlipwayError } from '../errors.ts';
import { digestOfBytes, hexOf, isDigest, type Digest } from './digest.ts';
import { indexSchema, manifestSchema, MEDIA_TYPES, type Descriptor, type Index, type Manifest } from './oci.ts';

/** Configs and manifests are small; a bigger one is somebody's mistake. */
const MAX_JSON_BYTES = 4 << 20;
const READ = 256 << 10; // bytes at a time

export type Layout = {
  index: () => Promise<Index>;
  /** A manifest's or config's own text, verified. */
  text: (descriptor: Descriptor) => Promise<string>;
  /** The same, parsed. */
  json: <S extends z.ZodType>(descriptor: Descriptor, schema: S) => Promise<z.output<S>>;
  /** A blob's bytes; the stream fails with a System error at its end when they are not what the descriptor says. */
  blob: (descriptor: Descriptor) => Readable;
  /** A blob's last bytes, as they are. */
  end: (descriptor: Descriptor, bytes: number) => Promise<Buffer>;
  /** Manifests whose blobs are all there, also those that the index names no longer. */
  manifests: () => Promise<Manifest[]>;
};

export function openLayout(directory: string): Layout {
  const pathOf = (descriptor: Descriptor) => join(directory, 'blobs/sha256', hexOf(descriptor.digest));
  async function text(descriptor: Descriptor): Promise<string> {
    if (descriptor.size > MAX_JSON_BYTES) throw new SlipwayError('System', `${descriptor.digest} is too big to be a ${descriptor.mediaType}`);
    const bytes = await readFile(pathOf(descriptor)).catch((cause: unknown) => {
      throw new SlipwayError('System', `blob ${descriptor.digest} is missing`, { cause });
    });
    if (digestOfBytes(bytes) !== descriptor.digest) throw mismatch(descriptor);
    return bytes.toString('utf8');
  }
  /** A manifest by its first byte and its shape; undefined for other blobs. */
  async function manifestOf(digest: Digest): Promise<Manifest | undefined> {
    const file = await open(join(directory, 'blobs/sha256', hexOf(digest)));
    try {
      const { size } = await file.stat();
      const { buffer } = await file.read(Buffer.alloc(1), 0, 1, 0);
      if (size > MAX_JSON_BYTES || buffer.toString() !== '{') return undefined;
      return manifestSchema.safeParse(JSON.parse(await text({ mediaType: MEDIA_TYPES.manifest, digest, size }))).data;
    } finally {
      await file.close();
    }
  }
  return {
    async index() {
      const content = await readFile(join(directory, 'index.json'), 'utf8').catch((cause: unknown) => {
        throw new SlipwayError('System', `there is no image library at ${directory}`, { cause });
      });
      return parsed(indexSchema, content, 'index.json');
    },
    text,
    async json(descriptor, schema) {
      return parsed(schema, await text(descriptor), descriptor.digest);
    },
    blob(descriptor) {
      const verified = verify(descriptor);
      pipeline(createReadStream(pathOf(descriptor), { highWaterMark: READ }), verified, () => {}); // a failure destroys `verified`, whose reader sees it
      return verified;
    },
    async end(descriptor, bytes) {
      const file = await open(pathOf(descriptor));
      try {
        return (await file.read(Buffer.alloc(bytes), 0, bytes, Math.max(0, descriptor.size - bytes))).buffer;
      } finally {
        await file.close();
      }
    },
    async manifests() {
      const digests = (await readdir(join(directory, 'blobs/sha256'))).map(name => `sha256:${name}`).filter(isDigest);
      const there = new Set<string>(digests);
      const found: Manifest[] = [];
      for (const digest of digests) {
        const manifest = await manifestOf(digest).catch(() => undefined); // one that is broken, or goes at this moment, is none
        if (manifest && [manifest.config, ...manifest.layers].every(part => there.has(part.digest))) found.push(manifest);
      }
      return found;
    },
  };
}

/** Passes bytes on and fails at the end, or as soon as there are too many, when they are not the descriptor's. */
export function verify(descriptor: Pick<Descriptor, 'digest' | 'size'>): Transform {
  const hash = createHash('sha256');
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen > descriptor.size) return done(mismatch(descriptor));
      hash.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      const good = seen === descriptor.size && `sha256:${hash.digest('hex')}` === descriptor.digest;
      done(good ? null : mismatch(descriptor));
    },
  });
}

const mismatch = (descriptor: Pick<Descriptor, 'digest'>) => new SlipwayError('System', `blob ${descriptor.digest} does not have the content that its name promises`);

/** JSON text as the schema has it; a System error that names what was read. */
export function parsed<S extends z.ZodType>(schema: S, text: string, name: string): z.output<S> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new SlipwayError('System', `${name} is not JSON`, { cause });
  }
  const result = schema.safeParse(value);
  if (!result.success) throw new SlipwayError('System', `${name}: ${result.error.issues.map(issue => `${issue.path.join('.')} ${issue.message}`).join('; ')}`);
  return result.data;
}
