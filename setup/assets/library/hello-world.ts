// The image hello-world: one static program that explains what happened.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../command.ts';
import type { BaseImage } from './base.ts';
import { packLayer } from './layer.ts';

export const helloSource = join(import.meta.dirname, 'hello.c');

export async function buildHelloWorld(work: string): Promise<BaseImage> {
  const root = join(work, 'hello-world');
  await mkdir(root, { recursive: true });
  await run(['gcc', '-Os', '-Wall', '-Wextra', '-Werror', '-static', '-nostdlib', '-ffreestanding', '-fno-stack-protector', '-fno-asynchronous-unwind-tables', '-fno-pie', '-no-pie',
    '-Wl,--build-id=none,-z,noseparate-code,-s', '-o', join(root, 'hello'), helloSource]);
  return {
    tags: ['hello-world:latest', 'hello-world:linux'],
    title: 'hello-world', version: '1.0', description: 'Says hello, and what docker did to have it said',
    layers: [await packLayer(root, join(work, 'hello-world-layer'))],
    history: [{ created_by: 'COPY hello / # buildkit', comment: 'buildkit.dockerfile.v0' }, { created_by: 'CMD ["/hello"]', comment: 'buildkit.dockerfile.v0', empty_layer: true }],
    config: { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: ['/hello'], WorkingDir: '/' },
  };
}
