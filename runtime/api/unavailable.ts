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
/** Of a node that is in no swarm. */
const swarm = (method: Route['method'], path: string) => route(method, path, {
  handle() { throw new SlipwayError('Unavailable', SWARM); },
});
const plugin = (method: Route['method'], path: string) => route(method, path, {
  handle({ params }) { throw new SlipwayError('NotFound', `plugin ${JSON.stringify(params.name)} not found`); },
});
const NO_PLUGINS = 'this engine runs no plugins: volumes are local, networks are bridge, host and none, logs are json-file and local';

export const unavailableRoutes = [
  missing('GET', '/containers/:id/checkpoints', 'checkpoints are not supported: Docker has them only in its experimental mode'),
  missing('POST', '/containers/:id/checkpoints', 'checkpoints are not supported: Docker has them only in its experimental mode'),
  route('GET', '/plugins', { handle: () => ({ status: 200, json: [] }) }),
  missing('GET', '/plugins/privileges', NO_PLUGINS),
  missing('POST', '/plugins/pull', NO_PLUGINS),
  missing('POST', '/plugins/create', NO_PLUGINS),
  plugin('GET', '/plugins/:name*/json'),
  ...['enable', 'disable', 'push', 'upgrade', 'set'].map(verb => plugin('POST', `/plugins/:name*/${verb}`)),
  plugin('DELETE', '/plugins/:name*'),
  missing('POST', '/swarm/init', 'this engine has no swarm mode'),
  missing('POST', '/swarm/join', 'this engine has no swarm mode'),
  route('POST', '/swarm/leave', { handle() { throw new SlipwayError('Unavailable', 'This node is not part of a swarm'); } }),
  ...['/swarm', '/swarm/unlockkey'].map(path => swarm('GET', path)),
  ...['/swarm/update', '/swarm/unlock'].map(path => swarm('POST', path)),
  ...['nodes', 'services', 'tasks', 'secrets', 'configs'].flatMap(noun => [
    swarm('GET', `/${noun}`), swarm('POST', `/${noun}/create`), swarm('GET', `/${noun}/:id`), swarm('DELETE', `/${noun}/:id`), swarm('POST', `/${noun}/:id/update`), swarm('GET', `/${noun}/:id/logs`),
  ]),
];
