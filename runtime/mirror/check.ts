// `node runtime/mirror/check.ts FILE`, for the doctor: are the settings about upstreams understood, and does each registry let the operator in? A line for
// each upstream that does not, in its words; exit code 1 when the settings are not understood. Changes nothing.
import { asSlipwayError } from '../errors.ts';
import { login } from '../registry/login.ts';
import { originOf, readSettings } from '../registry/upstreams.ts';
import { machineNetwork } from './machine-network.ts';
import { credentialsOf } from './upstream.ts';

const PATIENCE_MS = 10_000;

try {
  const { upstreams } = readSettings(process.argv[2]!);
  const found = await Promise.all(upstreams.map(async upstream => {
    try {
      await login(machineNetwork(upstream), upstream.domain, await credentialsOf(upstream), AbortSignal.timeout(PATIENCE_MS), originOf(upstream));
      return [];
    } catch (error) {
      return [`${upstream.domain}: ${asSlipwayError(error).message.split('\n')[0]}`];
    }
  }));
  for (const line of found.flat()) console.log(line);
} catch (error) {
  console.log(asSlipwayError(error).message);
  process.exitCode = 1;
}
