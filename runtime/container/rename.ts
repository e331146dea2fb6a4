// POST /containers/{id}/rename.
import { asSlipwayError, SlipwayError } from '../errors.ts';
import { reserveName } from './names.ts';
import { saveContainer } from './records.ts';
import { emit, inTurn } from './state.ts';
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
    emit(host, container, 'rename', { oldName: `/${oldName}` });
  });
}

function newName(host: Host, wanted: string, id: string): string {
  try {
    return reserveName(host, wanted, id);
  } catch (error) {
    const known = asSlipwayError(error);
    throw new SlipwayError(known.kind, `Error when allocating new name: ${known.message}`, { cause: error });
  }
}
