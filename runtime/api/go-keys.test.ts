import { expect, test } from 'vitest';
import { createBodySchema } from '../container/config.ts';
import { withGoKeys } from './go-keys.ts';

const read = (body: unknown) => withGoKeys(createBodySchema, body);

test('keys are taken in any case, also in objects, arrays and maps below; the exact one, or the last, wins', () => {
  expect(read({ image: 'a', CMD: ['x'], hostconfig: { memory: 1, mounts: [{ type: 'bind', bindoptions: { nonrecursive: true } }], portbindings: { '80/tcp': [{ hostport: '90' }] } } }))
    .toEqual({ Image: 'a', Cmd: ['x'], HostConfig: { Memory: 1, Mounts: [{ Type: 'bind', BindOptions: { NonRecursive: true } }], PortBindings: { '80/tcp': [{ HostPort: '90' }] } } });
  expect(read({ Image: 'a', IMAGE: 'b' })).toEqual({ Image: 'b' });
  expect(read({ networkingConfig: { endpointsConfig: { MyNet: { aliases: ['A'] } } } })).toEqual({ NetworkingConfig: { EndpointsConfig: { MyNet: { Aliases: ['A'] } } } });
});

test('keys of the user\'s own stay as they are, and so does what is unknown or of another type', () => {
  expect(read({ labels: { Image: 'x', image: 'y' }, nosuch: 1, HostConfig: [1] })).toEqual({ Labels: { Image: 'x', image: 'y' }, nosuch: 1, HostConfig: [1] });
  expect(read(null)).toBeNull();
  expect(Object.getPrototypeOf(read(JSON.parse('{"__proto__":{"image":"x"}}')))).toBe(Object.prototype);
});
