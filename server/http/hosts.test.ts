import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { nameCheck, refuseOtherNames } from './hosts.ts';

const local = { listen: '127.0.0.1', publicUrl: undefined, trustProxy: false, names: ['lab.test'] };

test.each([
  ['localhost:3000', true], ['LOCALHOST', true], ['127.0.0.1:3000', true], ['[::1]:3000', true], ['192.168.1.5', true], ['8080-abc.localhost:3000', true], ['lab.test:3000', true],
  ['evil.example', false], ['evil.example:3000', false], ['localhost.evil.example', false], ['127.0.0.1.evil.example', false], ['notlocalhost', false], ['', false], [undefined, false],
])('on this machine alone, the site answers as %s: %s', (host, wanted) => expect(nameCheck(local)!(host)).toBe(wanted));

test.each([{ listen: '0.0.0.0' }, { publicUrl: new URL('https://labs.example') }, { trustProxy: true }])('where others come, any name may be the operator’s: %j', change => {
  expect(nameCheck({ ...local, ...change })).toBeUndefined();
});

test('a page that has given its own name our address gets no answer of the site, nor a live connection', async () => {
  const http = createServer((_request, response) => response.end('the site'));
  http.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n'));
  refuseOtherNames(http, nameCheck(local));
  await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve));
  const ask = (host: string, headers: Record<string, string> = {}) => new Promise<string>((resolve, reject) => {
    request({ port: (http.address() as AddressInfo).port, host: '127.0.0.1', headers: { host, ...headers }, agent: false }, answer => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => { text += part; }).on('end', () => resolve(`${answer.statusCode} ${text}`));
    }).on('upgrade', (answer, socket) => { socket.destroy(); resolve(String(answer.statusCode)); }).on('error', reject).end();
  });
  expect([await ask('localhost'), await ask('evil.example', { connection: 'Upgrade', upgrade: 'websocket' }), await ask('localhost', { connection: 'Upgrade', upgrade: 'websocket' })]).toEqual(['200 the site', '421 ', '101 ']);
  expect(await ask('evil.example')).toMatch(/^421 .*evil\.example/);
  http.close();
});
