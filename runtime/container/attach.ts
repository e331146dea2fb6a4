// POST /containers/{id}/attach: to a running container now, to any other at its next start, from the first byte.
import { SlipwayError } from '../errors.ts';
import { ShimConnection } from '../kernel/shim.ts';
import { taskSocket } from '../paths.ts';
import { ShimAttachment } from './attachment.ts';
import { taskOf } from './paths.ts';
import { emit } from './state.ts';
import type { AttachOptions, Attachment, Container, Host } from './model.ts';

export async function attach(host: Host, container: Container, options: AttachOptions): Promise<Attachment> {
  const { record, live } = container;
  if (record.state.status === 'paused') throw new SlipwayError('Conflict', `container ${record.id} is paused, unpause the container before attach`);
  if (record.state.status === 'restarting') throw new SlipwayError('Conflict', `container ${record.id} is restarting, wait until the container is running`);
  const { config } = record;
  const attachment: ShimAttachment = new ShimAttachment({
    ...options,
    stdin: options.stdin && config.OpenStdin,
    closesStdin: config.StdinOnce && !config.Tty,
    onDetach(byKeys) {
      live.pendingAttachments.delete(attachment);
      if (byKeys) emit(host, container, 'detach');
    },
  });
  if (record.state.status === 'running') attachment.connect(await connect(host, container));
  else live.pendingAttachments.add(attachment);
  emit(host, container, 'attach');
  return attachment;
}

/** A shim serves 64 clients and lets a few more wait; whoever comes then is told so. */
async function connect(host: Host, { record }: Container): Promise<ShimConnection> {
  try {
    return await ShimConnection.open(taskSocket(host.ref.lab, host.ref.host, taskOf(record.id)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    throw new SlipwayError('Unavailable', `too many clients are attached to container ${record.name}: end one of them, or read its output with docker logs -f`, { cause: error });
  }
}
