import { expect, test } from 'vitest';
import { notInLibrary } from './missing.ts';
import { parseReference } from './reference.ts';

const LIBRARY = [
  'hello-world:latest', 'busybox:latest', 'busybox:1.37', 'debian:bookworm', 'debian:12', 'debian:trixie', 'debian:13', 'debian:latest', 'nginx:1.22.1', 'nginx:1.22', 'nginx:1.26.3', 'nginx:1.26', 'nginx:1', 'nginx:latest',
  'httpd:2.4', 'redis:7', 'postgres:15.20', 'postgres:15', 'postgres:latest', 'python:3.11', 'python:3', 'python:3.11-slim', 'python:latest', 'node:20.19', 'node:20', 'node:latest', 'registry:2', 'slipway/hello:1.0', 'slipway/whoami:1', 'slipway/nettools:1',
].map(parseReference);

test.each([
  ['nginx:1.27', 'nginx:1.26'], ['nginx:1.23', 'nginx:1.22'], ['nginx:1.25.4', 'nginx:1.26.3'], ['nginx:2', 'nginx:1'], ['nginx:1.27-alpine', 'nginx:1.26'], ['nginx:alpine', 'nginx:latest'], ['nginx:latst', 'nginx:latest'],
  ['postgres:16', 'postgres:15'], ['postgres:15.4', 'postgres:15.20'], ['python:3.12-slim', 'python:3.11-slim'], ['python:3.12', 'python:3.11'], ['node:22', 'node:20'], ['debian:bokworm', 'debian:bookworm'], ['debian:11', 'debian:12'], ['debian:sid', 'debian:latest'], ['redis', 'redis:7'],
])('of %s the nearest tag is %s', (wanted, nearest) => {
  expect(notInLibrary(parseReference(wanted), LIBRARY).message.split('\n')[1]).toMatch(new RegExp(`^This lab's library has no ${wanted}(:latest)?; the nearest it has is ${nearest}\\.$`));
});

test.each([
  ['alpine', 'busybox'], ['ubuntu:24.04', 'debian'], ['mysql', 'postgres'], ['mariadb:11', 'postgres'], ['mongo', 'postgres'], ['memcached', 'redis'], ['valkey/valkey', 'redis'], ['ruby', 'python'], ['golang:1.23', 'python'], ['php', 'node'],
  ['caddy', 'nginx'], ['tomcat', 'httpd'], ['traefik/whoami', 'slipway/whoami'], ['nicolaka/netshoot', 'slipway/nettools'], ['pyhton', 'python'], ['rediss', 'redis'], ['slipway/helo', 'slipway/hello'], ['somebody/nginx', 'nginx'],
])('in place of %s there is %s', (wanted, nearest) => {
  expect(notInLibrary(parseReference(wanted), LIBRARY).message).toMatch(new RegExp(`; the nearest it has is ${nearest}\\.$`));
});
