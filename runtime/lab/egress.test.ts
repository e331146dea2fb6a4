import { expect, test } from 'vitest';
import { namesIn } from './egress.ts';

test('names that were refused are told from what else dnsmasq writes down, and from what no learner has typed', () => {
  const line = (text: string) => `Nov 21 10:37:04 dnsmasq[13590]: ${text}`;
  expect(namesIn([
    line('started, version 2.90 cache disabled'), line('query[A] Pypi.org from 10.0.2.15'), line('config Pypi.org is NXDOMAIN'), line('config pypi.org is NXDOMAIN'),
    line('reply deb.debian.org is 203.0.113.7'), line('config _http._tcp.deb.debian.org is NXDOMAIN'), line('config 1.2.0.10.in-addr.arpa is NXDOMAIN'), line('config host is NXDOMAIN'),
    line('query[A] a is config evil.org is NXDOMAIN from 10.0.2.15'), line('config <b>.org is NXDOMAIN'), 'config cut.off.org is NXD',
  ].join('\n'))).toEqual(['pypi.org', 'pypi.org']);
});
