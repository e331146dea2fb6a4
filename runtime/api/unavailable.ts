// What dockerd has and this engine does not: the same status codes, and a sentence that says so. Last in the table of routes.
import { SlipwayError } from '../errors.ts';
import { route, type Route } from './route.ts';

const SWARM = 'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';

const missing = (method: Route['method'], path: string, sentence: string) => route(method, path, {
  handle(call) {
    if (path.startsWith('/containers/:id/')) call.container(); // one that is not there is said first
    throw new SlipwayError('NotImplemented', sentence);
  },
});
const swarm = (method: Route['method'], path: string) => route(method, path, {
  handle() { throw new SlipwayError('Unavailable', SWARM); },
});

export const unavailableRoutes = [
  missing('GET', '/containers/:id/attach/ws', 'this engine does not attach over WebSockets'),
  route('GET', '/plugins', { handle: () => ({ status: 200, json: [] }) }),
  missing('POST', '/swarm/init', 'this engine has no swarm mode'),
  missing('POST', '/swarm/join', 'this engine has no swarm mode'),
  swarm('POST', '/swarm/leave'),
  ...['/swarm', '/nodes', '/services', '/tasks', '/secrets', '/configs', '/nodes/:id', '/services/:id', '/tasks/:id', '/secrets/:id', '/configs/:id'].map(path => swarm('GET', path)),
];
