// Processes by pid, as the machine's /proc tells them.
import { readFileSync } from 'node:fs';

/** Start time in clock ticks since boot (proc_pid_stat(5), field 22), or undefined when there is no such process (or only its zombie). */
export function startTime(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : Number(fields[19]);
  } catch {
    return undefined;
  }
}

export const isAlive = (init: { pid: number; started: number } | null): boolean => init !== null && startTime(init.pid) === init.started;
