import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hexOf, type DiffId } from '../content/digest.ts';
import { diffIdOf, makeLayout, temporaryDirectory } from './fixture.ts';
import { openLibrary } from './library.ts';
import type { ImageEvent } from './model.ts';
import { progressBar } from './progress.ts';
import { pull } from './pull.ts';
import { parseReference } from './reference.ts';
import { openImageStore } from './store.ts';

async function setUp() {
  const directory = await makeLayout([
    { names: ['debian:12', 'debian:latest'], layers: ['base'] },
    { names: ['nginx:1.22'], layers: ['base', 'web', 'web config', 'web start', 'web page'] },
    { names: ['busybox:latest'], layers: ['tools'] },
  ]);
  const library = openLibrary(directory);
  const events: ImageEvent[] = [];
  const store = await openImageStore({ file: join(await temporaryDirectory('store-'), 'images.json'), containers: () => [], onEvent: event => events.push(event) });
  const told = async (name: string) => {
    const lines: string[] = [];
    for await (const { id, status } of pull(parseReference(name), { store, library })) lines.push(id === undefined ? status : `${id}: ${status}`);
    return lines;
  };
  return { directory, library, store, events, told };
}

test('a pull tells of every layer in Docker\'s words and leaves the image with its name and digest', async () => {
  const { told, store, library, events } = await setUp();
  const found = await library.resolve(parseReference('busybox:latest'));
  const id = hexOf(found!.blobs[0]!.digest).slice(0, 12);
  expect(await told('busybox:latest')).toEqual([
    'latest: Pulling from library/busybox', `${id}: Pulling fs layer`, `${id}: Verifying Checksum`, `${id}: Download complete`, `${id}: Extracting`, `${id}: Pull complete`,
    `Digest: ${found!.manifestDigest}`, 'Status: Downloaded newer image for busybox:latest',
  ]);
  expect(store.list()).toMatchObject([{ RepoTags: ['busybox:latest'], RepoDigests: [`busybox@${found!.manifestDigest}`], Size: 500 }]);
  expect(events).toMatchObject([{ action: 'pull', id: 'busybox:latest', attributes: { name: 'busybox' } }]);
  expect(await told(`busybox@${found!.manifestDigest}`)).toContain(`Status: Image is up to date for busybox@${found!.manifestDigest}`);
});

test('layers that the host has already exist, and layers beyond the third wait', async () => {
  const { told } = await setUp();
  await told('debian:12');
  const lines = (await told('nginx:1.22')).map(line => line.replace(/^[0-9a-f]{12}: /, ''));
  expect(lines.slice(0, 7)).toEqual(['1.22: Pulling from library/nginx', 'Already exists', 'Pulling fs layer', 'Pulling fs layer', 'Pulling fs layer', 'Pulling fs layer', 'Waiting']);
  expect(lines.at(-1)).toBe('Status: Downloaded newer image for nginx:1.22');
});

test('pulling again is up to date and asks for no layer, another tag of the same image is new', async () => {
  const { told } = await setUp();
  await told('debian:12');
  expect((await told('debian:12')).map(line => line.replace(/sha256:.*/, ''))).toEqual(['12: Pulling from library/debian', 'Digest: ', 'Status: Image is up to date for debian:12']);
  expect((await told('debian:latest')).at(-1)).toBe('Status: Downloaded newer image for debian:latest');
});

test('an image that stands in for the official one says so before the digest, with every pull', async () => {
  const library = openLibrary(await makeLayout([{ names: ['redis:7'], layers: ['server'], labels: { 'slipway.image.stand-in': 'made here' } }]));
  const { store } = await setUp();
  for (let time = 0; time < 2; time++) {
    const lines = [];
    for await (const { id, status } of pull(parseReference('redis:7'), { store, library })) if (id === undefined) lines.push(status.replace(/ sha256:.*/, ''));
    expect(lines).toEqual(['made here', 'Digest:', `Status: ${time ? 'Image is up to date' : 'Downloaded newer image'} for redis:7`]);
  }
});

test('without a tag every tag of the repository is pulled', async () => {
  const { told, store } = await setUp();
  const lines = await told('debian');
  expect(lines.filter(line => line.startsWith('Status:'))).toEqual(['Status: Downloaded newer image for debian']);
  expect(store.list()).toMatchObject([{ RepoTags: ['debian:12', 'debian:latest'] }]);
});

test('a layer of an image that the index names no longer is found as long as its blobs are there', async () => {
  const { directory, library } = await setUp();
  const layer = async (text: string) => (await library.layer(diffIdOf(text) as string as DiffId))?.digest;
  const [, , startOf] = (await library.resolve(parseReference('nginx:1.22')))!.blobs;
  await writeFile(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [] }));
  expect(await Promise.all(['web', 'web config', 'tools', 'never'].map(layer))).toEqual([expect.stringMatching(/^sha256:/), startOf!.digest, expect.stringMatching(/^sha256:/), undefined]);
  const other = openLibrary(directory);
  await rm(join(directory, 'blobs/sha256', hexOf(startOf!.digest)));
  expect(await other.layer(diffIdOf('web config') as string as DiffId)).toBeUndefined();
});

test('no byte of a layer is read: its files are on this machine already', async () => {
  const { told, directory, library } = await setUp();
  const found = await library.resolve(parseReference('busybox:latest'));
  await rm(join(directory, 'blobs/sha256', hexOf(found!.blobs[0]!.digest)));
  expect((await told('busybox:latest')).at(-1)).toBe('Status: Downloaded newer image for busybox:latest');
});

test('a reader that goes away leaves nothing recorded', async () => {
  const { store, library } = await setUp();
  for await (const { status } of pull(parseReference('busybox:latest'), { store, library })) if (status === 'Download complete') break;
  expect(store.all()).toEqual([]);
});

describe('what the library lacks is Docker\'s error and one sentence', () => {
  const denied = (name: string) => `pull access denied for ${name}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`;
  test.each([
    ['alpine:latest', 'NotFound', denied('alpine'), 'This lab\'s library has no alpine; the nearest it has is busybox.'],
    ['alpine', 'NotFound', denied('alpine'), 'This lab\'s library has no alpine; the nearest it has is busybox.'],
    ['ubuntu:24.04', 'NotFound', denied('ubuntu'), 'This lab\'s library has no ubuntu; the nearest it has is debian.'],
    ['ngnix:1.22', 'NotFound', denied('ngnix'), 'This lab\'s library has no ngnix; the nearest it has is nginx.'],
    ['me/postgres:1', 'NotFound', denied('me/postgres'), 'This lab\'s library has no me/postgres; it has busybox, debian and nginx.'],
    ['nginx:9', 'NotFound', 'manifest for nginx:9 not found: manifest unknown: manifest unknown', 'This lab\'s library has no nginx:9; the nearest it has is nginx:1.22.'],
    ['localhost:5000/nginx:1.22', 'System', 'Get "https://localhost:5000/v2/": connect: network is unreachable', 'This lab has no way to a registry: it can pull busybox, debian and nginx, which are built in.'],
    ['169.254.169.254/x:1', 'System', 'Get "https://169.254.169.254/v2/": connect: network is unreachable', 'This lab has no way to a registry: it can pull busybox, debian and nginx, which are built in.'],
  ])('%s', async (name, kind, docker, sentence) => {
    const { told, store } = await setUp();
    await expect(told(name)).rejects.toMatchObject({ kind, message: `${docker}\n${sentence}` });
    expect(store.all()).toEqual([]);
  });
});

test('the bar is drawn as dockerd draws it', () => {
  expect(progressBar(65_536, 1_070_996)).toBe('[===>                                               ]  65.54kB/1.071MB');
  expect(progressBar(396, 396)).toBe('[==================================================>]     396B/396B');
});

