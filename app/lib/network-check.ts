// Why can this browser not reach its lab? Tries, one after another, what a workspace needs, and says in words what is in the way.
import { SOCKET_PATH } from '../../server/protocol.ts';

export interface CheckResult { name: string; ok: boolean; text: string; }

const LIMIT_MS = 6000;

export async function checkNetwork(): Promise<CheckResult[]> {
  const page = await reaches('/theme.js');
  const polling = await reaches(`${SOCKET_PATH}/?EIO=4&transport=polling&t=${Date.now()}`);
  const socket = await opensWebSocket();
  return [
    { name: 'This server', ok: page, text: page ? 'answers.' : navigator.onLine ? 'does not answer. It may be restarting, or your network has lost it.' : 'cannot be reached: your device says it is offline.' },
    { name: 'Plain requests to the lab service', ok: polling, text: polling ? 'get through.' : page ? 'do not get through. The lab service may still be starting, or a filter blocks it.' : 'do not get through either.' },
    { name: 'WebSocket', ok: socket, text: socket ? 'opens.' : polling ? 'is blocked, probably by a proxy or a filter on this network. Slipway works without it, only slower.' : 'does not open.' },
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
