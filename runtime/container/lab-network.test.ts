import { expect, test } from 'vitest';
import { addressOf } from './lab-network.ts';

const hosts = '127.0.0.1\tlocalhost\n# 10.0.0.9 commented\n10.0.0.5  registry.lab Reg # mine\nnonsense registry.bad\n::1 six\n';
test.each([['registry.lab', '10.0.0.5'], ['reg', '10.0.0.5'], ['six', '::1'], ['commented', undefined], ['mine', undefined], ['registry.bad', undefined], ['example.org', undefined]])('the address of %s is what the lab\'s own hosts file says', (name, address) => {
  expect(addressOf(name, hosts)).toBe(address);
});
