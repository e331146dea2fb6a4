// What a registry in a lab says it has. Asked at the container's own address; its digest is that of the bytes that came, whatever it calls them. Only a
// container that runs its image's own command is asked, but it stays the lab's own word: never enough for a tick.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-manifests
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Host } from '../container/model.ts';
import type { ImageStore } from '../image/model.ts';
import type { Found, Reading } from '../lab/readings.ts';
import { ask } from './http.ts';

const ACCEPT = 'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json';
const manifestSchema = z.object({ config: z.object({ digest: z.string().max(200) }) });

export async function readRegistry(host: Host, images: ImageStore, { container, port, repository, tag }: Extract<Reading, { kind: 'registry' }>): Promise<Found> {
  const record = host.containers.get(container)?.record;
  if (record?.state.status !== 'running') return { kind: 'none' };
  const { config } = images.resolve(record.imageId);
  if (JSON.stringify([...(config.Entrypoint ?? []), ...(config.Cmd ?? [])]) !== JSON.stringify([record.path, ...record.args])) return { kind: 'none' };
  const address = record.state.endpoints.find(endpoint => endpoint.ip)?.ip;
  if (address === undefined) return { kind: 'none' };
  const answer = await ask(host, address, port, `/v2/${repository}/manifests/${tag}`, { accept: ACCEPT });
  if (answer?.status !== 200) return { kind: 'none' };
  const manifest = manifestSchema.safeParse(parse(answer.body.toString('utf8')));
  return { kind: 'registry', digest: `sha256:${createHash('sha256').update(answer.body).digest('hex')}`, imageId: manifest.success ? manifest.data.config.digest : '' };
}

function parse(text: string): unknown {
  try { return JSON.parse(text); } catch { return null; }
}
