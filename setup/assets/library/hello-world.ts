// The image hello-world: one static program that explains what happened.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../command.ts';
import { packLayer } from './layer.ts';
import type { BuiltImage } from './layout.ts';

export const helloSource = join(import.meta.dirname, 'hello.c');

export async function buildHelloWorld(work: string): Promise<BuiltImage> {
  const root = join(work, 'hello-world');
  await mkdir(root, { recursive: true });
  await run(['gcc', '-Os', '-Wall', '-Wextra', '-Werror', '-static', '-nostdlib', '-ffreestanding', '-fno-stack-protector', '-fno-asynchronous-unwind-tables', '-fno-pie', '-no-pie',
    '-Wl,--build-id=none,-z,noseparate-code,-s', '-o', join(root, 'hello'), helloSource]);
  return {
    tags: ['hello-world:latest'],
    title: 'hello-world', version: '1.0',
    layers: [await packLayer(root, join(work, 'hello-world-layer'))],
    history: [{ created_by: 'COPY hello / # buildkit', comment: 'buildkit.dockerfile.v0' }, { created_by: 'CMD ["/hello"]', comment: 'buildkit.dockerfile.v0', empty_layer: true }],
    config: { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: ['/hello'], WorkingDir: '/' },
  };
}
