// Readings of a host from outside (lab/readings.ts), for grading. Called by lab/control-handlers.ts, at most about once a second for a lab that somebody
// works in. Reads through the kernel's own files and the broker; only `http`, `registry` and `script` ask something of the lab itself, and their
// answers are its own word. Never throws for what a lab does: what cannot be read is unknown.
import type { Host } from '../container/model.ts';
import { asSlipwayError } from '../errors.ts';
import type { Found, Reading } from '../lab/readings.ts';
import type { ImageStore } from '../image/model.ts';
import { readDockerfile, readFilesOutside } from './files.ts';
import { readHttp } from './http.ts';
import { capabilityNames, readKernel, readListening } from './kernel.ts';
import { lookAt, type Seen } from './processes.ts';
import { readRegistry } from './registry.ts';
import { readScript } from './script.ts';

export async function observe(host: Host, images: ImageStore, readings: readonly Reading[]): Promise<Found[]> {
  const seen = new Map<string, Promise<Seen | null>>();
  const look = (container: string | undefined) => {
    const key = container ?? '';
    if (!seen.has(key)) seen.set(key, lookAt(host, container));
    return seen.get(key)!;
  };
  const files = readFilesOutside(host, readings, look);
  return Promise.all(readings.map(async (reading, index): Promise<Found> => {
    try {
      switch (reading.kind) {
        case 'kernel': return await readKernel(host, reading.container, await look(reading.container));
        case 'processes': return processesOf(await look(reading.container));
        case 'listening': return await readListening(await look(reading.container));
        case 'file': return (await files).get(index) ?? { kind: 'unknown' };
        case 'dockerfile': return readDockerfile((await files).get(index));
        case 'http': return await readHttp(host, '127.0.0.1', reading.port, reading.path);
        case 'registry': return await readRegistry(host, images, reading);
        case 'script': return await readScript(host, reading.container, reading.run);
      }
    } catch (error) {
      return { kind: asSlipwayError(error).kind === 'NotFound' ? 'none' : 'unknown' };
    }
  }));
}

function processesOf(seen: Seen | null): Found {
  if (!seen) return { kind: 'none' };
  return { kind: 'processes', processes: seen.processes.map(({ pid, parent, user, command, program, first, namespaces, status }) => ({
    pid, parent, user, command, program, first, capabilities: capabilityNames(status.capabilities),
    own: Object.keys(namespaces).filter(name => namespaces[name] !== seen.labNamespaces[name]),
  })) };
}
