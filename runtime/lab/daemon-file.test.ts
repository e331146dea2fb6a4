import { describe, expect, test } from 'vitest';
import { DAEMON_DEFAULTS, isInsecureRegistry } from '../container/daemon-config.ts';
import { readDaemonFile } from './daemon-file.ts';

const read = (text: string) => readDaemonFile(text, '/etc/docker/daemon.json');
const refusal = (text: string) => { try { read(text); return 'accepted'; } catch (error) { return (error as Error).message.replace('unable to configure the Docker daemon with file /etc/docker/daemon.json: ', '… '); } };

// Answers of `dockerd --validate` 26.1.5.
test.each([
  ['{', '… unexpected end of JSON input'], ['{"debug":true}x', '… invalid character \'x\' after top-level value'], ['[]', '… json: cannot unmarshal array into Go value of type map[string]interface {}'],
  ['{\'a\':1}', '… invalid character \'\\\'\' looking for beginning of object key string'], ['{"debug":true,}', '… invalid character \'}\' looking for beginning of object key string'], ['{"debug" true}', '… invalid character \'t\' after object key'],
  ['{"foo":1,"debug":true,"bar":2}', '… the following directives don\'t match any configuration option: foo, bar'], ['{"Debug":true}', '… the following directives don\'t match any configuration option: Debug'],
  ['{"foo":{"bar":1},"labels":{"a":"b"}}', '… the following directives don\'t match any configuration option: bar, a'], ['{"graph":"/x"}', '… the following directives don\'t match any configuration option: graph'],
  ['{"debug":"yes"}', '… json: cannot unmarshal string into Go struct field Config.CommonConfig.debug of type bool'],
  ['{"log-opts":{"max-file":3}}', '… json: cannot unmarshal number into Go struct field Config.CommonConfig.LogConfig.log-opts of type string'],
  ['{"insecure-registries":"reg:5000"}', '… json: cannot unmarshal string into Go struct field Config.CommonConfig.ServiceOptions.insecure-registries of type []string'],
  ['{"default-shm-size":128}', '… invalid size: "128"'], ['{"default-shm-size":"x"}', '… invalid size: \'x\''], ['{"dns":["8.8.8.8","x"]}', '… invalid IP address: x'],
  ['{"dns-search":["a b"]}', '… merged configuration validation from file and command line flags failed: a b is not a valid domain'],
  ['{"labels":["a=b","c"]}', '… merged configuration validation from file and command line flags failed: bad attribute format: c'], ['{"labels":["a=b","a=c"]}', 'conflict labels for a=c and a=b'],
  ['{"default-ipc-mode":"x"}', '… merged configuration validation from file and command line flags failed: default IPC mode setting (x) is invalid; use "shareable" or "private"'],
  ['{"default-cgroupns-mode":"x"}', '… merged configuration validation from file and command line flags failed: default cgroup namespace mode (x) is invalid; use "host" or "private"'],
  ['', 'accepted'], ['{}', 'accepted'], ['null', 'accepted'], ['{"debug":null}', 'accepted'], ['{"features":{"buildkit":true}}', 'accepted'],
])('%s: %s', (text, answer) => expect(refusal(text)).toBe(answer));

test.each([
  ['{"data-root":"/srv/docker"}', '… data-root: images and containers of this host are at /var/lib/docker'], ['{"bip":"10.0.0.1/24"}', /^… bip: the network bridge keeps its address/], ['{"hosts":["tcp://0.0.0.0:2375"]}', /listens on \/var\/run\/docker.sock only/],
  ['{"userns-remap":"default"}', /is in a user namespace already/], ['{"log-driver":"syslog"}', /^… failed to set log opts: the log driver syslog/], ['{"log-opts":{"nonsense":"3"}}', '… failed to set log opts: unknown log opt \'nonsense\' for json-file log driver'],
  ['{"default-address-pools":[{"base":"10.0.0.0/16","size":8}]}', /the size 8 does not fit/],
])('what a lab cannot have is refused, and says why: %s', (text, answer) => expect(refusal(text)).toMatch(answer));

test('what has effect, and what has none', () => {
  const { config, notes, keys } = read('{"log-driver":"local","log-opts":{"max-size":"1m"},"default-shm-size":"128M","default-ulimits":{"nofile":{"Name":"nofile","Soft":64,"Hard":128}},"registry-mirrors":["https://mirror"],"log-level":"warn","live-restore":true}');
  expect(config).toEqual({ ...DAEMON_DEFAULTS, logDriver: 'local', logOptions: { 'max-size': '1m' }, shmBytes: 128 << 20, ulimits: [{ Name: 'nofile', Soft: 64, Hard: 128 }], mirrors: ['https://mirror/'], liveRestore: true });
  expect(notes).toEqual(['log-level has no effect: the daemon of this host runs outside the lab', expect.stringMatching(/^registry-mirrors has no effect but on docker info/)]);
  expect(keys).toContain('log-driver');
});

describe('insecure-registries', () => {
  const config = { ...DAEMON_DEFAULTS, insecureRegistries: ['reg:5000', '10.1.0.0/16', 'plain'] };
  test.each([['reg:5000', true], ['reg:5001', false], ['reg', false], ['plain', true], ['10.1.2.3:5000', true, '10.1.2.3'], ['10.2.0.1:5000', false, '10.2.0.1'], ['evil-reg:5000', false], ['by-address:5000', true, '10.1.9.9'], ['mine.lab:5000', true, '127.0.0.1']])('%s: %s', (registry, lax, at?: string) => expect(isInsecureRegistry(config, registry, at)).toBe(lax));
});
