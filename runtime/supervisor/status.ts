// The supervisor's status file, and the address that the site listens on. Read by set-up ("already running"), the CLI and tests.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { instance, runDir, stateDir, statusFile } from '../paths.ts';
import type { ServiceView } from './service.ts';

export type Status = { pid: number; startTime: string; instance: string; url: string; runDir: string; stateDir: string; services: ServiceView[] };

/** The site's address: on this machine only, unless SLIPWAY_LISTEN says otherwise (0.0.0.0 for a class on the local network). */
export function listenAddress() {
  const port = Number(process.env.PORT ?? 3000);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Error(`PORT is "${process.env.PORT}": give a port number.`);
  const host = process.env.SLIPWAY_LISTEN ?? '127.0.0.1';
  const shown = ['127.0.0.1', '0.0.0.0', '::', '::1', 'localhost'].includes(host) ? 'localhost' : host;
  return { port, host, url: `http://${shown}:${port}` };
}

/** The status of a supervisor that is alive: the same process, not another one that has got its number. */
export function readStatus(): Status | undefined {
  try {
    const status = JSON.parse(readFileSync(statusFile, 'utf8')) as Status;
    return startTimeOf(status.pid) === status.startTime ? status : undefined;
  } catch {
    return undefined; // no file, or no such process
  }
}

export function writeStatus(what: Pick<Status, 'url' | 'services'>) {
  const status: Status = { pid: process.pid, startTime: startTimeOf(process.pid), instance, runDir, stateDir, ...what };
  writeFileSync(`${statusFile}.new`, JSON.stringify(status), { mode: 0o644 });
  renameSync(`${statusFile}.new`, statusFile);
}

export const removeStatus = () => rmSync(statusFile, { force: true });

/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html field 22; the name before it may hold spaces and brackets. */
export function startTimeOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]!;
}
