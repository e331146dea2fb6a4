// Conditions on the engine's records of what is not a container: images with their layers and history, volumes, networks. They change only with
// an event, so nothing is read again and again for them. server/grading/recorded.ts says what they mean.
import { z } from 'zod';
import { amountSchema, containerWhereSchema, oneOrMore } from './container-where.ts';

const labels = z.record(z.string(), z.string()).optional();
const reference = z.string().min(1).describe('The image, by name.');
const words = z.union([z.string(), z.array(z.string())]).describe('As text it is a part of it; as a list it is exactly that.');

export const volumeWhereSchema = z.strictObject({
  name: oneOrMore(z.string()).optional(),
  named: z.boolean().optional().describe('Whether it has a name that somebody chose.'),
  labels,
  usedBy: containerWhereSchema.optional().describe('Such a container has it mounted.'),
  atLeast: z.number().int().min(1).default(1),
});
export type VolumeWhere = z.output<typeof volumeWhereSchema>;

export const networkWhereSchema = z.strictObject({
  name: oneOrMore(z.string()).optional().describe('Without it: any that docker did not make by itself.'),
  driver: z.string().optional(),
  internal: z.boolean().optional(),
  labels,
  connected: z.array(containerWhereSchema).default([]).describe('Each of these runs and is in it.'),
});
export type NetworkWhere = z.output<typeof networkWhereSchema>;

export const imageConfigWhereSchema = z.strictObject({
  reference,
  command: words.optional().describe('CMD'),
  entrypoint: words.optional(),
  environment: z.record(z.string(), z.string()).optional().describe('Variables and their values; * for any value.'),
  user: z.string().optional().describe('As written: app, or 1000:1000. "" for none.'),
  workdir: z.string().optional(),
  exposes: z.array(z.string()).optional().describe('Such as 80/tcp.'),
  volumes: z.array(z.string()).optional(),
  labels,
  healthcheck: z.boolean().optional().describe('Whether it has one.'),
});
export type ImageConfigWhere = z.output<typeof imageConfigWhereSchema>;

export const historyWhereSchema = z.strictObject({
  reference,
  contains: oneOrMore(z.string().min(1)).describe('Parts of its steps, the oldest first; of several, in this order.'),
});
export type HistoryWhere = z.output<typeof historyWhereSchema>;

export const layersWhereSchema = z.strictObject({
  reference,
  count: amountSchema.optional(),
  largestMegabytes: z.number().positive().optional().describe('None is larger.'),
  sharedWith: z.string().optional().describe('It begins with all layers of this image.'),
}).refine(where => where.count !== undefined || where.largestMegabytes !== undefined || where.sharedWith !== undefined, 'say what must be so: count, largestMegabytes or sharedWith');
export type LayersWhere = z.output<typeof layersWhereSchema>;
