// Routes of this engine's own, for the programs that stand for docker's service in a lab's workstation (systemctl, service, dockerd --validate): what they
// ask is about the daemon, which Docker's API knows nothing of. Answers are lines of text for a terminal.
import { asSlipwayError, SlipwayError } from '../errors.ts';
import { DAEMON_FILE, MAX_DAEMON_FILE } from '../lab/daemon.ts';
import type { Call } from './call.ts';
import { route } from './route.ts';

const plain = { 'Content-Type': 'text/plain; charset=utf-8' };

async function inWords(call: Call, work: () => Promise<string[]> | string[]): Promise<null> {
  try {
    const lines = await work();
    call.answer(200, plain, lines.map(line => `${line}\n`).join(''));
  } catch (error) {
    const { kind, message } = asSlipwayError(error);
    if (kind !== 'InvalidParameter') throw error;
    call.answer(400, plain, `${message}\n`);
  }
  return null;
}

export const daemonRoutes = [
  route('POST', '/slipway/daemon/reload', { handle: call => inWords(call, () => call.api.host.daemon.reload()) }),
  route('POST', '/slipway/daemon/restart', { handle: call => inWords(call, () => call.api.host.daemon.restart()) }),
  route('POST', '/slipway/daemon/validate', {
    quiet: true,
    handle: call => inWords(call, async () => call.api.host.daemon.validate(await readText(call), call.header('x-config-file') ?? DAEMON_FILE)),
  }),
];

async function readText(call: Call): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of call.input()) {
    size += chunk.length;
    if (size > MAX_DAEMON_FILE) throw new SlipwayError('InvalidParameter', `a configuration file may have ${MAX_DAEMON_FILE} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
