// The HTTP API itself: status codes and messages that clients other than the CLI see, as dockerd 26.1.5 answers them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestLab, normalise, type TestLab } from './lab.ts';

let lab: TestLab;
beforeAll(async () => {
  lab = await createTestLab('api', { pull: ['busybox'] });
  await lab.ok('create --name apmade busybox sleep 1000');
  await lab.ok('run -d --name apup busybox sleep 1000');
});
afterAll(async () => {
  await lab?.docker(['rm', '-f', 'apmade', 'apup']);
  await lab?.dispose();
});

const V = '/v1.45';
const ask = async (method: string, path: string, body?: unknown) => {
  const { status, text } = await lab.api(method, V + path, body);
  const message = text.startsWith('{"message"') ? normalise((JSON.parse(text) as { message: string }).message) : text;
  return [status, message];
};

describe('answers without a body', () => {
  test.each<[string, string, number]>([
    ['POST', '/containers/apup/start', 304], ['POST', '/containers/apmade/stop', 304], ['POST', '/containers/apup/pause', 204], ['POST', '/containers/apup/unpause', 204],
    ['POST', '/containers/apup/rename?name=apup2', 204], ['POST', '/containers/apup2/rename?name=apup', 204],
  ])('%s %s is %d', async (method, path, status) => {
    expect(await ask(method, path)).toEqual([status, '']);
  });
});

describe('errors', () => {
  test.each<[string, string, unknown, number, string]>([
    ['GET', '/nothing', undefined, 404, 'page not found'],
    ['POST', '/info', undefined, 404, 'page not found'],
    ['POST', '/containers/create', {}, 400, 'config cannot be empty in order to create a container'],
    ['POST', '/containers/create', '{bad', 400, "invalid JSON: invalid character 'b' looking for beginning of object key string"],
    ['POST', '/containers/create?name=a', { Image: 'busybox' }, 400, 'Invalid container name (a), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed'],
    ['POST', '/containers/create', { Image: 'nope' }, 404, 'No such image: nope:latest'],
    ['POST', '/containers/create', { Image: 'No/Pe' }, 400, 'invalid reference format: repository name (Pe) must be lowercase'],
    ['POST', '/containers/create?platform=linux/arm64', { Image: 'busybox' }, 404, 'image with reference busybox was found but does not match the specified platform: wanted linux/arm64, actual: linux/amd64'],
    ['POST', '/containers/create?name=apup', { Image: 'busybox' }, 409, 'Conflict. The container name "/apup" is already in use by container "ID". You have to remove (or rename) that container to be able to reuse that name.'],
    ['GET', '/containers/nope/json', undefined, 404, 'No such container: nope'],
    ['POST', '/containers/nope/start', undefined, 404, 'No such container: nope'],
    ['POST', '/containers/apmade/kill', undefined, 409, 'cannot kill container: apmade: container ID is not running'],
    ['POST', '/containers/apup/kill?signal=FOO', undefined, 400, 'cannot kill container: apup: invalid signal: FOO'],
    ['POST', '/containers/apmade/pause', undefined, 409, 'container ID is not running'],
    ['POST', '/containers/apup/unpause', undefined, 500, 'Container ID is not paused'],
    ['POST', '/containers/apup/wait?condition=foo', undefined, 400, 'invalid condition: "foo"'],
    ['POST', '/containers/apup/resize?h=1&w=x', undefined, 400, 'strconv.Atoi: parsing "x": invalid syntax'],
    ['POST', '/containers/apmade/resize?h=1&w=2', undefined, 409, 'container ID is not running'],
    ['POST', '/containers/apup/rename', undefined, 400, 'Neither old nor new names may be empty'],
    ['POST', '/containers/apup/rename?name=/apup', undefined, 400, 'Renaming a container with the same name as its current name'],
    ['GET', '/containers/apmade/top', undefined, 409, 'container ID is not running'],
    ['GET', '/containers/apup/top?ps_args=-o%20comm', undefined, 500, "Couldn't find PID field in ps output"],
    ['GET', '/containers/apup/logs', undefined, 400, 'Bad parameters: you must choose at least one stream'],
    ['GET', '/containers/apup/logs?stdout=1&since=abc', undefined, 500, 'strconv.ParseInt: parsing "abc": invalid syntax'],
    ['POST', '/containers/apmade/exec', { Cmd: ['ls'] }, 409, 'container ID is not running'],
    ['POST', '/containers/apup/exec', {}, 400, 'No exec command specified'],
    ['POST', '/containers/apup/exec', { Cmd: ['ls'], DetachKeys: 'abc' }, 500, 'Invalid escape keys (abc) provided'],
    ['GET', '/exec/nope/json', undefined, 404, 'No such exec instance: nope'],
    ['POST', '/exec/nope/start', {}, 404, 'No such exec instance: nope'],
    ['GET', '/containers/json?limit=x', undefined, 500, 'strconv.Atoi: parsing "x": invalid syntax'],
    ['GET', '/containers/json?filters=x', undefined, 400, 'invalid filter'],
    ['DELETE', '/containers/apup', undefined, 409, 'cannot remove container "/apup": container is running: stop the container before removing or force remove'],
    ['DELETE', '/containers/nope', undefined, 404, 'No such container: nope'],
    ['GET', '/images/nope/json', undefined, 404, 'No such image: nope:latest'],
    ['GET', '/images/No/json', undefined, 400, 'invalid reference format: repository name (library/No) must be lowercase'],
    ['DELETE', '/images/nope', undefined, 404, 'No such image: nope:latest'],
    ['POST', '/images/nope/tag?repo=x&tag=1', undefined, 404, 'No such image: nope:latest'],
    ['GET', '/networks/nope', undefined, 404, 'network nope not found'],
    ['DELETE', '/networks/bridge', undefined, 403, 'bridge is a pre-defined network and cannot be removed'],
    ['GET', '/volumes/nope', undefined, 404, 'get nope: no such volume'],
    ['GET', '/events?since=x', undefined, 500, 'strconv.ParseInt: parsing "x": invalid syntax'],
    ['GET', '/swarm', undefined, 503, 'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.'],
  ])('%s %s %j is %d: %s', async (method, path, body, status, message) => {
    expect(await ask(method, path, body)).toEqual([status, message]);
  });

  test.each([['1.99', 'client version 1.99 is too new. Maximum supported API version is 1.45'], ['1.20', 'client version 1.20 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version']])('version %s', async (version, message) => {
    expect((await lab.api('GET', `/v${version}/info`)).json()).toEqual({ message });
  });
});

test.each(['1.24', '1.30', '1.41', '1.44', '1.45'])('an API %s client is served', async version => {
  expect((await lab.api('GET', `/v${version}/containers/json?all=1`)).status).toBe(200);
  expect(JSON.parse(await lab.ok(['version', '-f', '{{json .Client.APIVersion}}'], { env: { DOCKER_API_VERSION: version } }))).toBe(version);
  expect(await lab.docker(['run', '--rm', 'busybox', 'sh', '-c', 'echo out; echo err >&2; exit 3'], { env: { DOCKER_API_VERSION: version } })).toEqual({ stdout: 'out\n', stderr: 'err\n', code: 3 });
});

test('a ping says which API it is', async () => {
  for (const method of ['GET', 'HEAD']) {
    const { status, headers } = await lab.api(method, '/_ping');
    expect(status).toBe(200);
    expect(headers).toMatchObject({ 'api-version': '1.45', 'docker-experimental': 'false', 'ostype': 'linux', 'swarm': 'inactive', 'cache-control': 'no-cache, no-store, must-revalidate' });
  }
});

test('an answer to wait begins before the container ends', async () => {
  const { request } = await import('node:http');
  const headers = await new Promise<{ status: number; done: Promise<string> }>(resolve => {
    request({ socketPath: lab.socket, method: 'POST', path: `${V}/containers/apup/wait?condition=next-exit` }, response => {
      let text = '';
      response.setEncoding('utf8').on('data', chunk => { text += String(chunk); });
      resolve({ status: response.statusCode!, done: new Promise(done => response.on('end', () => done(text))) });
    }).end();
  });
  expect(headers.status).toBe(200);
  await lab.ok('kill apup');
  expect(JSON.parse(await headers.done)).toEqual({ StatusCode: 137 });
  await lab.ok('start apup');
});
