// GET /containers/{id}/top: the toolbox's ps in the host, cut down to the container's processes as the kernel lists them outside.
import { SlipwayError } from '../errors.ts';
import { runHelper } from './helper.ts';
import { processesOf } from './processes.ts';
import { emit, running } from './state.ts';
import type { Container, Host } from './model.ts';

export async function top(host: Host, container: Container, psArgs: string): Promise<{ Titles: string[]; Processes: string[][] }> {
  if (container.record.state.status === 'restarting') throw new SlipwayError('Conflict', `Container ${container.record.id} is restarting, wait until the container is running`);
  running(container);
  const args = (psArgs || '-ef').split(/\s+/).filter(Boolean);
  const { code, stdout, stderr } = await runHelper(host, { argv: ['ps', ...args] });
  if (code !== 0) throw new SlipwayError('System', `ps: ${stderr.trim().split('\n')[0] || `exit status ${code}`}`);
  const result = filterProcesses(stdout, new Set(await processesOf(host, container.record)));
  emit(host, container, 'top');
  return result;
}

/** Columns are split at blanks; what is beyond the last title belongs to the last column. */
export function filterProcesses(output: string, pids: ReadonlySet<number>): { Titles: string[]; Processes: string[][] } {
  const lines = output.split('\n').filter(line => line.trim());
  const titles = (lines[0] ?? '').trim().split(/\s+/);
  const pidColumn = titles.indexOf('PID');
  if (pidColumn < 0) throw new SlipwayError('System', 'Couldn\'t find PID field in ps output');
  const rows = lines.slice(1).map(line => {
    const fields = line.trim().split(/\s+/);
    return fields.length > titles.length ? [...fields.slice(0, titles.length - 1), fields.slice(titles.length - 1).join(' ')] : fields;
  });
  return { Titles: titles, Processes: rows.filter(row => pids.has(Number(row[pidColumn]))) };
}
