// The engine's connection to the broker, which sits out a restart of the broker: what was not done, or may be done twice, is asked again.
// Without this, a container that ends while there is no broker would never be known to have ended.
import { setTimeout as delay } from 'node:timers/promises';
import type { z } from 'zod';
import { ConnectionError, RpcClient } from '../rpc.ts';
import { brokerVerbs, type BrokerVerbs } from './protocol.ts';

/** The supervisor starts a new broker within a second; a machine under load takes longer. */
const PATIENCE_MS = 20_000;
const RETRY_MS = 50;
/** A broker's last child may still be entering the host when the next broker answers. */
const SETTLED_MS = 1_000;

export class PatientBroker extends RpcClient<BrokerVerbs> {
  constructor(path: string) {
    super(path, brokerVerbs);
  }

  override async call<K extends keyof BrokerVerbs & string>(verb: K, body: z.input<BrokerVerbs[K]['request']>): Promise<z.output<BrokerVerbs[K]['response']>> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      try {
        return await super.call(verb, body);
      } catch (error) {
        if (!(error instanceof ConnectionError) || Date.now() > deadline) throw error;
        if (error.reached && verb === 'startTask' && (await this.hasStarted(body as z.input<BrokerVerbs['startTask']['request']>))) return {} as z.output<BrokerVerbs[K]['response']>;
      }
      await delay(RETRY_MS);
    }
  }

  /** The one verb that must not be done twice: a second shim of one name would take the first one's socket away. */
  private async hasStarted({ lab, host, task }: z.input<BrokerVerbs['startTask']['request']>): Promise<boolean> {
    for (const until = Date.now() + SETTLED_MS; Date.now() < until; await delay(RETRY_MS)) {
      if ((await this.call('listTasks', { lab, host })).includes(task.id)) return true;
    }
    return false;
  }
}
