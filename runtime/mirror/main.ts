// The mirror's main: the only process that speaks to registries outside, with the operator's credentials, as a user of its own who may read nothing else.
// Started by the supervisor where the operator has named upstreams. It knows no lab and no learner; what it fetches is verified here and unpacked by others.
import { asSlipwayError } from '../errors.ts';
import { createLog } from '../log.ts';
import { listenAt } from '../listen.ts';
import { instance, mirrorDir, mirrorSocket, upstreamsFile } from '../paths.ts';
import { openUpstreams } from '../registry/upstreams.ts';
import { openCache } from './cache.ts';
import { createMirror } from './serve.ts';

const log = createLog({ name: 'mirror' });
process.umask(0o007);

const upstreams = openUpstreams(upstreamsFile, error => log.error({ why: asSlipwayError(error).message }, 'the settings about registries outside cannot be understood: those before hold'));
const server = createMirror({ upstreams, cache: await openCache(mirrorDir), onError: error => log.warn({ err: error }, 'an upstream could not be asked') });
await listenAt(server, mirrorSocket, 0o660);
log.info({ instance, upstreams: upstreams.settings().upstreams.length }, 'mirror listens');

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0));
