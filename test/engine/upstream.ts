// Registries outside, for tests of the mirror: real processes of docker-registry over one storage (open, with TLS, with a password, with tokens), and in
// front of the open one a proxy that counts what is asked for and can be told to break. All on this machine's loopback.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createHash, createPrivateKey, randomBytes, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { libraryDir, registryDir, stateDir } from '../../runtime/paths.ts';

export const digestOf = (bytes: string | Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

export interface Asked { method: string; path: string; range: string | undefined }
/** What a proxy does to an answer's body; it has to end the response. */
export type Spoil = (answer: IncomingMessage, response: ServerResponse, asked: Asked) => void;

export interface Outside {
  /** Where the mirror can read certificate and password. */
  readonly place: string;
  /** Addresses. `counted` leads to the open one. */
  readonly open: string; readonly tls: string; readonly guarded: string; readonly tokens: string; readonly counted: string;
  readonly asked: Asked[];
  /** Called for each answer, until something else is set. */
  spoil: Spoil | undefined;
  /** An image of layers with these files, and busybox below when it is to run. Gives its layers' digests, lowest first. */
  put(name: string, layers: readonly Record<string, Buffer | string>[], options?: { busybox?: boolean; platform?: string }): Promise<{ layers: string[]; digest: string }>;
  /** The upstream that everything leads to is gone, or there again. */
  stop(): Promise<void>;
  start(): Promise<void>;
  release(): Promise<void>;
}

export async function openOutside(): Promise<Outside> {
  const place = mkdtempSync(join(stateDir, 'outside-'));
  execFileSync('chmod', ['755', place]);
  const at = (name: string) => join(place, name);
  mkdirSync(at('storage'));
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=outside', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', at('key'), '-out', at('crt')], { stdio: 'ignore' });
  writeFileSync(at('htpasswd'), `operator:${execFileSync('perl', ['-e', 'print crypt("secret", q($2y$05$abcdefghijklmnopqrstuu))'], { encoding: 'utf8' })}\n`);
  writeFileSync(at('password'), 'secret\n');
  const asked: Asked[] = [];
  const servers: Server[] = [];
  const listen = async (handler: (question: IncomingMessage, response: ServerResponse) => void) => {
    const server = createServer(handler).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const processes = new Map<string, ChildProcess>();
  const serve = async (name: string, port: number, more: object = {}) => {
    const config = { version: '0.1', log: { level: 'error', accesslog: { disabled: true } }, storage: { filesystem: { rootdirectory: at('storage') } }, http: { addr: `127.0.0.1:${port}`, secret: 'x', ...('tls' in more ? { tls: more.tls } : {}) }, ...('auth' in more ? { auth: more.auth } : {}) };
    writeFileSync(at(`${name}.yml`), JSON.stringify(config)); // JSON is YAML
    processes.set(name, spawn(join(registryDir, 'docker-registry'), ['serve', at(`${name}.yml`)], { stdio: 'ignore' }));
    for (const deadline = Date.now() + 15_000; !await answers(port); await delay(20)) if (Date.now() > deadline) throw new Error(`the registry ${name} does not answer`);
  };
  const realm = await listen((question, response) => {
    const [, credentials] = /^Basic (.*)$/.exec(question.headers.authorization ?? '') ?? [];
    if (Buffer.from(credentials ?? '', 'base64').toString() !== 'operator:secret') return void response.writeHead(401, { 'Content-Type': 'application/json' }).end('{"errors":[{"code":"UNAUTHORIZED","message":"incorrect username or password"}]}');
    const [, name] = /^repository:([^:]+):/.exec(new URL(question.url!, realm).searchParams.get('scope') ?? '') ?? [];
    response.end(JSON.stringify({ token: token(at('key'), at('crt'), name === undefined ? [] : [{ type: 'repository', name, actions: ['pull'] }]) }));
  });
  const ports = await freePorts(4);
  const [open, tls, guarded, tokens] = ports as [number, number, number, number];
  await Promise.all([
    serve('open', open), serve('tls', tls, { tls: { certificate: at('crt'), key: at('key') } }), serve('guarded', guarded, { auth: { htpasswd: { realm: 'here', path: at('htpasswd') } } }),
    serve('tokens', tokens, { auth: { token: { realm: `${realm}/token`, service: 'outside', issuer: 'outside', rootcertbundle: at('crt') } } }),
  ]);
  const outside: Outside = {
    place, asked, spoil: undefined,
    open: `http://127.0.0.1:${open}`, tls: `https://127.0.0.1:${tls}`, guarded: `http://127.0.0.1:${guarded}`, tokens: `http://127.0.0.1:${tokens}`,
    counted: await listen((question, response) => {
      const one: Asked = { method: question.method!, path: question.url!, range: question.headers.range };
      asked.push(one);
      request(`http://127.0.0.1:${open}${question.url}`, { method: question.method!, headers: question.headers, agent: false }, answer => {
        response.writeHead(answer.statusCode!, answer.headers);
        if (outside.spoil) outside.spoil(answer, response, one);
        else answer.pipe(response);
      }).on('error', () => response.destroy()).end();
    }),
    async put(name, layers, { busybox = false, platform = process.arch === 'arm64' ? 'arm64' : 'amd64' } = {}) {
      const [repository, tag] = name.split(':') as [string, string];
      const url = `http://127.0.0.1:${open}/v2/${repository}`;
      const blobs = [...(busybox ? [libraryBusybox()] : []), ...await Promise.all(layers.map(layerOf))];
      const config = JSON.stringify({ architecture: platform, os: 'linux', config: { Cmd: ['sh'], Env: ['PATH=/bin'] }, rootfs: { type: 'layers', diff_ids: blobs.map(({ diffId }) => diffId) }, history: [] });
      for (const bytes of [...blobs.map(({ blob }) => blob), Buffer.from(config)]) {
        const begun = await fetch(`${url}/blobs/uploads/`, { method: 'POST' });
        const done = await fetch(`${begun.headers.get('location')}&digest=${digestOf(bytes)}`, { method: 'PUT', body: new Uint8Array(bytes), headers: { 'Content-Type': 'application/octet-stream' } });
        if (done.status !== 201) throw new Error(`blob: ${done.status} ${await done.text()}`);
      }
      const type = 'application/vnd.docker.distribution.manifest.v2+json';
      const manifest = JSON.stringify({
        schemaVersion: 2, mediaType: type, config: { mediaType: 'application/vnd.docker.container.image.v1+json', size: Buffer.byteLength(config), digest: digestOf(config) },
        layers: blobs.map(({ blob }) => ({ mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', size: blob.length, digest: digestOf(blob) })),
      });
      const put = await fetch(`${url}/manifests/${tag}`, { method: 'PUT', body: manifest, headers: { 'Content-Type': type } });
      if (put.status !== 201) throw new Error(`manifest: ${put.status} ${await put.text()}`);
      return { layers: blobs.map(({ blob }) => digestOf(blob)), digest: digestOf(manifest) };
    },
    async stop() {
      const child = processes.get('open')!;
      child.kill('SIGKILL');
      await once(child, 'close');
    },
    start: () => serve('open', open),
    async release() {
      for (const child of processes.values()) child.kill('SIGKILL');
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise(resolve => server.close(resolve));
      }
      rmSync(place, { recursive: true });
    },
  };
  return outside;
}

async function freePorts(count: number): Promise<number[]> {
  const taken = await Promise.all(Array.from({ length: count }, async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server;
  }));
  const ports = taken.map(server => (server.address() as AddressInfo).port);
  await Promise.all(taken.map(server => new Promise(resolve => server.close(resolve))));
  return ports;
}

const answers = (port: number) => new Promise<boolean>(resolve => {
  const socket = createConnection(port, '127.0.0.1', () => { socket.destroy(); resolve(true); }).once('error', () => resolve(false));
});

/** https://distribution.github.io/distribution/spec/auth/jwt/ */
export function token(key: string, certificate: string, access: unknown): string {
  const chain = [readFileSync(certificate, 'utf8').replace(/-----[^-]+-----|\s/g, '')];
  const now = Math.floor(Date.now() / 1000);
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ typ: 'JWT', alg: 'ES256', x5c: chain })}.${part({ iss: 'outside', sub: 'operator', aud: 'outside', exp: now + 300, nbf: now - 10, iat: now, jti: randomBytes(8).toString('hex'), access })}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), { key: createPrivateKey(readFileSync(key)), dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

async function layerOf(files: Record<string, Buffer | string>): Promise<{ blob: Buffer; diffId: string }> {
  const archive = pack();
  for (const [name, content] of Object.entries(files)) archive.entry({ name, mode: 0o644, mtime: new Date(0) }, content);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive as unknown as AsyncIterable<Buffer>) chunks.push(chunk);
  const tar = Buffer.concat(chunks);
  return { blob: gzipSync(tar, { level: 0 }), diffId: digestOf(tar) };
}

/** The lowest layer of the library's busybox, so that an image can run. */
function libraryBusybox(): { blob: Buffer; diffId: string } {
  const json = (digest: string) => JSON.parse(readFileSync(join(libraryDir, 'blobs/sha256', digest.slice(7)), 'utf8')) as { config: { digest: string }; layers: { digest: string }[]; rootfs: { diff_ids: string[] } };
  const index = JSON.parse(readFileSync(join(libraryDir, 'index.json'), 'utf8')) as { manifests: { digest: string; annotations?: Record<string, string> }[] };
  const manifest = json(index.manifests.find(one => one.annotations?.['org.opencontainers.image.ref.name'] === 'busybox:latest')!.digest);
  return { blob: readFileSync(join(libraryDir, 'blobs/sha256', manifest.layers[0]!.digest.slice(7))), diffId: json(manifest.config.digest).rootfs.diff_ids[0]! };
}
