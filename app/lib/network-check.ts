// Why can this browser not reach its lab? Tries, one after another, what a workspace needs, and says in words what is in the way.
import { SOCKET_PATH } from '../../server/protocol.ts';
import type { T } from '../../texts/site.ts';

export interface CheckResult { ok: boolean; text: string; }

const LIMIT_MS = 6000;

export async function checkNetwork(t: T): Promise<CheckResult[]> {
  const page = await reaches('/theme.js');
  const polling = await reaches(`${SOCKET_PATH}/?EIO=4&transport=polling&t=${Date.now()}`);
  const socket = await opensWebSocket();
  return [
    { ok: page, text: page ? t('network.serverOk') : navigator.onLine ? t('network.serverSilent') : t('network.serverOffline') },
    { ok: polling, text: polling ? t('network.plainOk') : page ? t('network.plainBlocked') : t('network.plainNeither') },
    { ok: socket, text: socket ? t('network.socketOk') : polling ? t('network.socketBlocked') : t('network.socketFails') },
  ];
}

async function reaches(url: string): Promise<boolean> {
  try { return (await fetch(url, { cache: 'no-store', signal: AbortSignal.timeout(LIMIT_MS) })).ok; } catch { return false; }
}

function opensWebSocket(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${SOCKET_PATH}/?EIO=4&transport=websocket`);
    const settle = (ok: boolean) => { clearTimeout(timer); socket.close(); resolve(ok); };
    const timer = setTimeout(() => settle(false), LIMIT_MS);
    socket.addEventListener('open', () => settle(true));
    socket.addEventListener('error', () => settle(false));
  });
}
