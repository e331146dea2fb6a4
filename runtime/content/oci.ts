// The OCI image format, as far as we read it: https://github.com/opencontainers/image-spec/tree/v1.1.0
// Schemas keep what they do not know (loose), since annotations and extensions belong to others.
import { z } from 'zod';
import { diffIdSchema, digestSchema } from './digest.ts';

export const MEDIA_TYPES = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  layerTar: 'application/vnd.oci.image.layer.v1.tar',
} as const;

/** The index entry's annotation that holds the image's name and tag, such as `busybox:latest`. */
export const REF_NAME = 'org.opencontainers.image.ref.name';

/** On a layer's descriptor: how much its files take unpacked, in bytes, since the compressed blob does not tell. */
export const UNPACKED_SIZE = 'slipway.layer.unpacked-size';

/** https://github.com/opencontainers/image-spec/blob/v1.1.0/descriptor.md */
export const descriptorSchema = z.looseObject({
  mediaType: z.string(),
  digest: digestSchema,
  size: z.number().int().nonnegative(),
  annotations: z.record(z.string(), z.string()).optional(),
  platform: z.looseObject({ architecture: z.string(), os: z.string(), variant: z.string().optional() }).optional(),
});
export type Descriptor = z.infer<typeof descriptorSchema>;

/** https://github.com/opencontainers/image-spec/blob/v1.1.0/image-index.md */
export const indexSchema = z.looseObject({ schemaVersion: z.literal(2), manifests: z.array(descriptorSchema) });
export type Index = z.infer<typeof indexSchema>;

/** https://github.com/opencontainers/image-spec/blob/v1.1.0/manifest.md */
export const manifestSchema = z.looseObject({
  schemaVersion: z.literal(2),
  config: descriptorSchema,
  layers: z.array(descriptorSchema),
  annotations: z.record(z.string(), z.string()).optional(),
});
export type Manifest = z.infer<typeof manifestSchema>;

const emptyMap = z.record(z.string(), z.object({}));

/** What a container is started with. Docker's extensions (Healthcheck, Shell, OnBuild) are kept as they are. https://github.com/opencontainers/image-spec/blob/v1.1.0/config.md#properties */
export const containerConfigSchema = z.looseObject({
  User: z.string().optional(),
  ExposedPorts: emptyMap.nullish(),
  Env: z.array(z.string()).nullish(),
  Entrypoint: z.array(z.string()).nullish(),
  Cmd: z.array(z.string()).nullish(),
  Volumes: emptyMap.nullish(),
  WorkingDir: z.string().optional(),
  Labels: z.record(z.string(), z.string()).nullish(),
  StopSignal: z.string().optional(),
});
export type ContainerConfig = z.infer<typeof containerConfigSchema>;

export const historySchema = z.looseObject({
  created: z.string().optional(),
  created_by: z.string().optional(),
  author: z.string().optional(),
  comment: z.string().optional(),
  empty_layer: z.boolean().optional(),
});
export type History = z.infer<typeof historySchema>;

export const imageConfigSchema = z.looseObject({
  created: z.string().optional(),
  author: z.string().optional(),
  architecture: z.string(),
  variant: z.string().optional(),
  os: z.string(),
  config: containerConfigSchema.default({}),
  rootfs: z.object({ type: z.literal('layers'), diff_ids: z.array(diffIdSchema) }),
  history: z.array(historySchema).default([]),
});
export type ImageConfig = z.infer<typeof imageConfigSchema>;
