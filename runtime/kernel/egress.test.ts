import { describe, expect, test } from 'vitest';
import { allowListSchema, formatAllowed, parseAllowed, withinCeiling } from './egress.ts';

describe('an entry of an allow-list', () => {
  test.each([
    ['deb.debian.org', 'deb.debian.org'], ['DEB.debian.org:443,80,443', 'deb.debian.org:80,443'], ['*.debian.org', '*.debian.org'],
    ['203.0.113.77/24', '203.0.113.0/24'], ['203.0.113.7:443', '203.0.113.7:443'], ['203.0.113.7/32', '203.0.113.7'],
    ['2001:DB8::1/32', '2001:db8::/32'], ['[2001:db8::1]:443', '[2001:db8::1]:443'], ['::ffff:10.0.0.1', '::ffff:a00:1'],
  ])('%s is %s', (text, canonical) => expect(formatAllowed(parseAllowed(text)!)).toBe(canonical));

  test.each(['', 'localhost', 'a..b', '-a.org', 'a.org:', 'a.org:0', 'a.org:65536', 'a.org:80-90', '*', '*.', '**.org.de', 'a.*.org', 'http://a.org', 'a.org/24', '1.2.3.4/33', '1.2.3', 'fe80::1%eth0', 'a.org\n', '2001:db8::1:443x', 'a.org;x', `${'a'.repeat(64)}.org`, 'a.org/\n10.0.0.1'])('%j is none', text => {
    if (text === 'a.org\n') return expect(formatAllowed(parseAllowed(text)!)).toBe('a.org'); // spaces around it do not matter
    expect(parseAllowed(text)).toBeUndefined();
  });

  test('what cannot be understood is said in words', () => {
    expect(allowListSchema.safeParse(['deb.debian.org', 'https://x.org']).error!.issues[0]!.message).toMatch(/"https:\/\/x.org" cannot be understood: write a name/);
  });
});

describe('a wish', () => {
  test.each<[string, string[], string[], string[]]>([
    ['gets nothing where nothing is permitted', ['deb.debian.org', '*'], [], []],
    ['for everything gets all that is permitted', ['*'], ['deb.debian.org:80', '10.1.0.0/16'], ['deb.debian.org:80', '10.1.0.0/16']],
    ['for a name below a permitted one gets it', ['deb.debian.org'], ['*.debian.org'], ['deb.debian.org']],
    ['for names below gets the one that is permitted', ['*.debian.org'], ['deb.debian.org:80'], ['deb.debian.org:80']],
    ['for a name itself is not for those below it', ['debian.org'], ['*.debian.org'], []],
    ['for a name that only ends alike gets nothing', ['evildebian.org'], ['*.debian.org'], []],
    ['gets the ports that both name', ['deb.debian.org:22,80'], ['deb.debian.org:80,443'], ['deb.debian.org:80']],
    ['for other ports gets nothing', ['deb.debian.org:22'], ['deb.debian.org:80,443'], []],
    ['for all ports gets those permitted', ['deb.debian.org'], ['deb.debian.org:80,443'], ['deb.debian.org:80,443']],
    ['for a larger block gets the permitted part', ['0.0.0.0/0'], ['203.0.113.0/24', '198.51.100.7'], ['203.0.113.0/24', '198.51.100.7']],
    ['for an address in a block gets it', ['203.0.113.7:80'], ['203.0.113.0/24'], ['203.0.113.7:80']],
    ['for IPv6 gets no IPv4', ['::/0'], ['203.0.113.0/24'], []],
    ['for an address does not get a name', ['203.0.113.7'], ['a.example.org'], []],
    ['in garbage is nothing', ['$(id)', '; drop'], ['*.debian.org'], []],
  ])('%s', (_, wish, ceiling, got) => expect(withinCeiling(wish, ceiling)).toEqual(got));
});
