// POST /containers/{id}/rename. A container that runs answers to its new name on user-defined networks at once.
import { asSlipwayError, SlipwayError } from '../errors.ts';
import { dnsNames } from '../network/endpoint.ts';
import { addNames } from '../network/names.ts';
import { runHelper } from './helper.ts';
import { reserveName } from './names.ts';
import { saveContainer } from './records.ts';
import { emit, inTurn, setState } from './state.ts';
import type { Container, Host } from './model.ts';

export function rename(host: Host, container: Container, name: string): Promise<void> {
  return inTurn(container, async () => {
    const { record } = container;
    const wanted = name.replace(/^\//, '');
    if (!wanted) throw new SlipwayError('InvalidParameter', 'Neither old nor new names may be empty');
    if (wanted === record.name) throw new SlipwayError('InvalidParameter', 'Renaming a container with the same name as its current name');
    const oldName = record.name;
    record.name = newName(host, `/${wanted}`, record.id);
    host.names.delete(oldName);
    saveContainer(host, record);
    await renameOnNetworks(host, container);
    emit(host, container, 'rename', { oldName: `/${oldName}` });
  });
}

async function renameOnNetworks(host: Host, container: Container) {
  const { record } = container;
  const { state } = record;
  if ((state.status !== 'running' && state.status !== 'paused') || !state.endpoints.some(e => e.dnsNames)) return;
  const endpoints = state.endpoints.map(e => (e.dnsNames ? { ...e, dnsNames: dnsNames(record, host.networks.resolve(e.networkId)) } : e));
  const { code, stderr } = await runHelper(host, { argv: ['busybox', 'true'], before: addNames(record.id, endpoints) });
  if (code !== 0) throw new SlipwayError('System', stderr);
  setState(host, container, { ...state, endpoints });
}

function newName(host: Host, wanted: string, id: string): string {
  try {
    return reserveName(host, wanted, id);
  } catch (error) {
    const known = asSlipwayError(error);
    throw new SlipwayError(known.kind, `Error when allocating new name: ${known.message}`, { cause: error });
  }
}
