import { expect, test } from 'vitest';
import { parseMount } from './mounts.ts';

const parse = (text: string) => parseMount(text, '/w', value => value.replace('$V', 'v'));

test.each<[string, object]>([
  ['type=cache,target=/c', { type: 'cache', target: '/c', id: '/c', sharing: 'shared', readOnly: false }],
  ['type=cache,dst=c,id=x,sharing=locked,mode=700,uid=1,gid=2,ro', { target: '/w/c', id: 'x', sharing: 'locked', mode: 0o700, uid: 1, gid: 2, readOnly: true }],
  ['target=/m', { type: 'bind', target: '/m', source: '/', from: '', readOnly: true }],
  ['type=bind,from=s,source=../a/$V,destination=/m,rw', { from: 's', source: '/a/v', readOnly: false }],
  ['type=secret,id=key', { target: '/run/secrets/key', id: 'key', required: false, mode: null }],
  ['type=secret,target=/x/name,required', { id: 'name', target: '/x/name', required: true }],
  ['type=tmpfs,target=/t,size=10m', { size: 10 << 20 }],
])('%s', (text, mount) => expect(parse(text)).toMatchObject(mount));

test.each([
  ['type=foo,target=/x', 'unsupported mount type "foo"'], ['type=bind,target=/x,size=1m', "unexpected key 'size' for mount type 'bind'"], ['type=secret,id=a,source=b', "both source and id can't be set"], ['ro=maybe,target=/x', 'invalid value for ro: maybe'], ['type=bind,target=/', 'invalid mount target "/"'], ['type=cache,target=/c,nope=1', "unexpected key 'nope' in 'nope=1'"], ['type=cache,target=/c,mode=9', 'invalid value 9 for mode'],
])('%s is refused: %s', (text, words) => expect(() => parse(text)).toThrow(words));
