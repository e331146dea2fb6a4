// The client against small registries that misbehave in one way each. Connections go to a server of this test, whatever address was asked for:
// what was asked for is noted, since in a lab it decides where a connection goes.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { digestOfBytes } from '../content/digest.ts';
import { challengesOf, credentialsOf, type Credentials } from './auth.ts';
import { openRegistry } from './client.ts';

type Answer = (request: IncomingMessage, response: ServerResponse, url: URL) => void;

/** A registry at localhost:5000; `dialled` are the addresses that were asked for. */
async function registry(answer: Answer, { credentials = {}, domain = 'localhost:5000', push = false }: { credentials?: Credentials; domain?: string; push?: boolean } = {}) {
  const server = createServer((request, response) => {
    answer(request, response, new URL(request.url!, `http://${request.headers.host!}`));
  }).listen(0, '127.0.0.1');
  await new Promise(resolve => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const dialled = new Set<string>();
  const network = {
    dial: (name: string, asked: number) => new Promise<ReturnType<typeof connect>>((resolve, reject) => {
      dialled.add(`${name}:${asked}`);
      const socket = connect(port, '127.0.0.1', () => resolve(socket)).once('error', reject);
    }),
    authorities: () => Promise.resolve(undefined),
  };
  onTestFinished(() => { server.closeAllConnections(); server.close(); });
  const open = async () => {
    const client = await openRegistry(network, domain, credentials, { push });
    onTestFinished(() => client.close());
    return client;
  };
  return { open, dialled };
}

function isPing(url: URL, response: ServerResponse): boolean {
  if (url.pathname !== '/v2/') return false;
  response.end('{}');
  return true;
}
const content = Buffer.alloc(300_000, 'layer');
const blob = { mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', digest: digestOfBytes(content), size: content.length };
async function read(stream: AsyncIterable<Buffer>) {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

describe('a blob', () => {
  test.each([['ranges', true], ['no ranges', false]])('that breaks off is continued where it broke off, by a registry that knows %s', async (_name, ranges) => {
    const asked: (string | undefined)[] = [];
    const { open } = await registry((request, response, url) => {
      if (isPing(url, response)) return;
      asked.push(request.headers.range);
      const from = ranges ? Number(/\d+/.exec(request.headers.range ?? '0')![0]) : 0;
      response.writeHead(from ? 206 : 200, { 'Content-Length': content.length - from });
      if (asked.length === 1) response.write(content.subarray(0, 100_000), () => setImmediate(() => response.destroy()));
      else response.end(content.subarray(from));
    });
    expect((await read((await open()).blob('x', blob))).equals(content)).toBe(true);
    expect(asked.length).toBeGreaterThan(1);
    expect(asked[1]).toMatch(/^bytes=\d+-$/);
  });

  test.each([['other', Buffer.alloc(content.length, 'other')], ['more', Buffer.concat([content, content])]])('with %s bytes than its digest promises fails, and is not tried again', async (_name, wrong) => {
    let times = 0;
    const { open } = await registry((_request, response, url) => {
      if (isPing(url, response)) return;
      times++;
      response.end(wrong);
    });
    await expect(read((await open()).blob('x', blob))).rejects.toThrow(`filesystem layer verification failed for digest ${blob.digest}`);
    expect(times).toBe(1);
  });

  test('that the registry has not is an error in its words', async () => {
    const { open } = await registry((_request, response, url) => {
      if (!isPing(url, response)) response.writeHead(404).end(JSON.stringify({ errors: [{ code: 'BLOB_UNKNOWN', message: 'blob unknown to registry' }] }));
    });
    await expect(read((await open()).blob('x', blob))).rejects.toMatchObject({ kind: 'NotFound', message: 'blob unknown: blob unknown to registry' });
  });
});

describe('credentials', () => {
  const alice = { username: 'alice', password: 'secret' };
  const basicOfAlice = `Basic ${Buffer.from('alice:secret').toString('base64')}`;

  test('do not follow a redirect to another host, and the connection does', async () => {
    const seen: [string, string | undefined][] = [];
    const { open, dialled } = await registry((request, response, url) => {
      if (url.pathname === '/v2/') return void response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="here"' }).end();
      seen.push([url.host, request.headers.authorization]);
      if (url.host === 'localhost:5000') return void response.writeHead(307, { Location: 'http://10.9.8.7:81/layer' }).end();
      response.end(content);
    }, { credentials: alice });
    expect((await read((await open()).blob('x', blob))).equals(content)).toBe(true);
    expect(seen).toEqual([['localhost:5000', basicOfAlice], ['10.9.8.7:81', undefined]]);
    expect([...dialled]).toEqual(['localhost:5000', '10.9.8.7:81']);
  });

  test('are shown to the realm of tokens for the scope that is needed, and its token to the registry', async () => {
    const text = '{"schemaVersion":2}';
    const { open, dialled } = await registry((request, response, url) => {
      if (url.host === '10.1.1.1') {
        expect(Object.fromEntries(url.searchParams)).toEqual({ account: 'alice', service: 'reg', scope: 'repository:me/x:pull' });
        expect(request.headers.authorization).toBe(basicOfAlice);
        return void response.end(JSON.stringify({ token: 'T' }));
      }
      if (request.headers.authorization !== 'Bearer T') return void response.writeHead(401, { 'WWW-Authenticate': 'Bearer realm="http://10.1.1.1/token",service="reg",scope="repository:me/x:pull"' }).end();
      response.writeHead(200, { 'Content-Type': 'application/vnd.oci.image.manifest.v1+json', 'Docker-Content-Digest': digestOfBytes(text) }).end(text);
    }, { credentials: alice });
    expect(await (await open()).manifest('me/x', 'latest')).toEqual({ mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: digestOfBytes(text), text });
    expect([...dialled]).toEqual(['localhost:5000', '10.1.1.1:80']);
  });

  test('that have run out are asked for anew, once; a token that does not reach far enough is dockerd\'s denial', async () => {
    let tokens = 0;
    const { open } = await registry((request, response, url) => {
      if (url.host === '10.1.1.1') return void response.end(JSON.stringify({ token: `T${++tokens}` }));
      const challenge = 'Bearer realm="http://10.1.1.1/token",service="reg"';
      if (url.pathname.startsWith('/v2/closed/')) return void response.writeHead(401, { 'WWW-Authenticate': `${challenge},error="insufficient_scope"` }).end('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}');
      // Each is good for one answer.
      const good = request.headers.authorization === `Bearer T${tokens}` && !used.has(tokens);
      used.add(tokens);
      if (!good) return void response.writeHead(401, { 'WWW-Authenticate': challenge }).end();
      response.end(content);
    }, { credentials: alice });
    const used = new Set<number>();
    const opened = await open();
    for (let at = 0; at < 3; at++) expect((await read(opened.blob('x', blob))).equals(content)).toBe(true);
    await expect(read(opened.blob('closed', blob))).rejects.toMatchObject({ kind: 'Forbidden', message: 'denied: requested access to the resource is denied' });
  });

  test('that are missing are missed in dockerd\'s words', async () => {
    const { open } = await registry((_request, response) => void response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="here"' }).end());
    await expect((await open()).hasBlob('x', blob.digest)).rejects.toMatchObject({ kind: 'Unauthorized', message: 'no basic auth credentials' });
    await expect((await open()).manifest('x', 'latest')).rejects.toThrow('Head "http://localhost:5000/v2/x/manifests/latest": no basic auth credentials');
  });

  test.each([
    ['', {}], ['!!', {}], [Buffer.from('[]').toString('base64url'), {}],
    [Buffer.from(JSON.stringify({ username: 'a', password: 'b' })).toString('base64url'), { username: 'a', password: 'b' }],
    [Buffer.from(JSON.stringify({ auth: Buffer.from('a:b:c').toString('base64') })).toString('base64'), { username: 'a', password: 'b:c' }],
  ])('of the header %j', (header, credentials) => {
    expect(credentialsOf(header)).toEqual(credentials);
  });

  test.each([
    ['Basic realm="r"', [{ scheme: 'basic', parameters: { realm: 'r' } }]],
    ['Bearer realm="https://a/b?c",service="s, t",scope="x:y:pull,push"', [{ scheme: 'bearer', parameters: { realm: 'https://a/b?c', service: 's, t', scope: 'x:y:pull,push' } }]],
    ['Negotiate, Basic realm="r"', [{ scheme: 'basic', parameters: { realm: 'r' } }]],
    ['', []],
  ])('are asked for by %j', (header, challenges) => {
    expect(challengesOf(header)).toEqual(challenges);
  });
});

test('a manifest that is not what its digest names is refused', async () => {
  const { open } = await registry((_request, response, url) => { if (!isPing(url, response)) response.end('{}'); });
  await expect((await open()).manifest('x', blob.digest)).rejects.toThrow(`manifest verification failed for digest ${blob.digest}`);
});

test('a manifest without end is cut off', async () => {
  const { open } = await registry((_request, response, url) => {
    if (isPing(url, response)) return;
    const more = () => { while (!response.destroyed && response.write(Buffer.alloc(65_536, ' '))); };
    response.on('drain', more);
    more();
  });
  await expect((await open()).manifest('x', blob.digest)).rejects.toThrow('larger than 4194304 bytes');
});

test('redirects without end are given up', async () => {
  const { open } = await registry((_request, response, url) => { if (!isPing(url, response)) response.writeHead(302, { Location: url.href }).end(); });
  await expect((await open()).hasBlob('x', blob.digest)).rejects.toThrow('stopped after 10 redirects');
});

test('a registry elsewhere has to speak TLS', async () => {
  const { open } = await registry((_request, response) => void response.end('{}'), { domain: '10.0.0.1:5000' });
  await expect(open()).rejects.toThrow('Get "https://10.0.0.1:5000/v2/": http: server gave HTTP response to HTTPS client');
});

test('an upload ends with the digest of what was sent', async () => {
  const calls: string[] = [];
  let received = Buffer.alloc(0);
  const { open } = await registry((request, response, url) => {
    if (isPing(url, response)) return;
    calls.push(`${request.method} ${url.pathname}${url.search}`);
    if (request.method === 'POST') return void response.writeHead(202, { Location: '/v2/x/blobs/uploads/1?state=a' }).end();
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part)).on('end', () => {
      if (request.method === 'PATCH') received = Buffer.concat(parts);
      response.writeHead(request.method === 'PATCH' ? 202 : 201, { Location: '/v2/x/blobs/uploads/1?state=b' }).end();
    });
  }, { push: true });
  async function* parts() { yield content.subarray(0, 1000); yield content.subarray(1000); }
  await (await open()).upload('x', parts(), () => blob.digest);
  expect(received.equals(content)).toBe(true);
  expect(calls).toEqual(['POST /v2/x/blobs/uploads/', 'PATCH /v2/x/blobs/uploads/1?state=a', `PUT /v2/x/blobs/uploads/1?state=b&digest=${blob.digest.replace(':', '%3A')}`]);
});
