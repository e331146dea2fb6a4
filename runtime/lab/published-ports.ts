// Which ports of a host its containers publish, for whoever shows them: the list as it is, then again at every change. Called by control-handlers.ts.
import type { Host } from '../container/model.ts';
import type { PublishedPort } from './control.ts';

export function publishedPorts(host: Host): PublishedPort[] {
  const all = [...host.containers.values()].flatMap(({ record: { name, state } }) => (state.status === 'running' || state.status === 'paused' ? state.endpoints : [])
    .flatMap(e => e.ports).filter(p => (p.protocol === 'tcp' || p.protocol === 'udp') && ['', '0.0.0.0', '127.0.0.1', '::'].includes(p.hostIp))
    .map(p => ({ port: p.hostPort, containerPort: p.containerPort, container: name, protocol: p.protocol as 'tcp' | 'udp' }))).sort((a, b) => a.port - b.port || a.protocol.localeCompare(b.protocol));
  return all.filter((p, at) => p.port !== all[at - 1]?.port || p.protocol !== all[at - 1]?.protocol); // once, though it is bound for IPv4 and for IPv6
}

/** Until the signal. A caller that is slow gets the newest list, not all of them. */
export async function streamPorts(host: Host, emit: (ports: PublishedPort[]) => Promise<void>, signal: AbortSignal): Promise<void> {
  let wake = () => {};
  let changed = true;
  let last = '';
  const notice = () => { changed = true; wake(); };
  const unsubscribe = host.events.subscribe(event => { if (event.Type === 'network' || event.Type === 'container') notice(); });
  signal.addEventListener('abort', notice);
  try {
    while (!signal.aborted) {
      const more = new Promise<void>(resolve => { wake = resolve; });
      if (!changed) { await more; continue; }
      changed = false;
      const ports = publishedPorts(host);
      if (JSON.stringify(ports) === last) continue;
      last = JSON.stringify(ports);
      await emit(ports);
    }
  } finally {
    signal.removeEventListener('abort', notice);
    unsubscribe();
  }
}
