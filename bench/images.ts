// Images beside dockerd's, as `docker` has them made, listed, saved and loaded: builds with and without the cache by the classic builder (which both have
// without a plugin), commit of 10 MB, save and load of some 150 MB, and a list of two hundred. Called by main.ts.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measure, pullBusybox, type Case, type Docker } from './docker.ts';
import type { Row } from './report.ts';

const LARGE = 'debian:bookworm';

export async function measureImages(runs: number): Promise<Row[]> {
  const home = mkdtempSync(join(tmpdir(), 'slipway-bench-images-'));
  writeFileSync(join(home, 'Dockerfile'), 'FROM busybox\nENV A=1\nRUN echo hi > /f\nCOPY a.txt /w/\nCMD ["cat", "/w/a.txt"]\n');
  writeFileSync(join(home, 'a.txt'), 'a\n');
  writeFileSync(join(home, 'a.tar'), Buffer.alloc(1024)); // an archive of nothing
  try {
    return await measure(cases(home), runs, 0.5);
  } finally {
    rmSync(home, { recursive: true });
  }
}

const remove = (docker: Docker, image: string) => docker('rmi', '-f', image);
const own = new Map<Docker, string>();

const cases = (home: string): Case[] => [
  { what: 'docker build, five steps from the cache (mostly the client)', noGoal: true, prepare: async docker => { await pullBusybox(docker); return docker('build', '-q', '-t', 'bench-built', home); }, run: docker => docker('build', '-t', 'bench-built', home), tidy: docker => remove(docker, 'bench-built') },
  { what: 'docker build --no-cache, five steps', few: true, prepare: pullBusybox, run: (docker, _, turn) => docker('build', '--no-cache', '-t', turn, home), after: (docker, _, turn) => remove(docker, turn), tidy: async () => '' },
  {
    what: 'docker commit of 10 MB', few: true,
    prepare: async docker => { await pullBusybox(docker); await docker('run', '--name', 'bench-changed', 'busybox', 'sh', '-c', 'head -c 10000000 /dev/urandom > /f'); return 'bench-changed'; },
    run: (docker, container, turn) => docker('commit', container, turn), after: (docker, _, turn) => remove(docker, turn), tidy: (docker, container) => docker('rm', '-f', container),
  },
  {
    what: `docker save ${LARGE}`, few: true, prepare: docker => docker('image', 'inspect', LARGE).catch(() => docker('pull', '-q', LARGE)),
    run: (docker, _, turn) => docker('save', '-o', join(home, turn), LARGE), after: async (_docker, _, turn) => rmSync(join(home, turn)), tidy: async () => '',
  },
  {
    // An image that nothing else of the host shares a layer with, so that all of it is unpacked.
    what: `docker load of ${LARGE}'s size`, few: true,
    async prepare(docker) {
      await docker('image', 'inspect', LARGE).catch(() => docker('pull', '-q', LARGE));
      const container = await docker('create', LARGE);
      await docker('export', '-o', join(home, 'exported'), container);
      await docker('rm', container);
      await docker('import', join(home, 'exported'), 'bench-flat');
      const file = join(home, `flat-${own.size}`);
      own.set(docker, file);
      await docker('save', '-o', file, 'bench-flat');
      await remove(docker, 'bench-flat');
      return file;
    },
    run: (docker, file) => docker('load', '-q', '-i', file), after: docker => remove(docker, 'bench-flat'), tidy: async () => '',
  },
  {
    what: 'docker images with 200 images (mostly the client)', noGoal: true,
    prepare: async docker => { await pullBusybox(docker); for (let n = 0; n < 200; n++) await docker('import', '-c', `LABEL n=${n}`, join(home, 'a.tar'), `bench-many:${n}`); return ''; },
    run: docker => docker('images'), tidy: async docker => { for (let n = 0; n < 200; n++) await remove(docker, `bench-many:${n}`); },
  },
];
