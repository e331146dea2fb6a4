// Rows of a measurement, their statistics, and the table.

export interface Row {
  what: string;
  unit: 'ms' | 'MiB' | '%' | 'MB/s';
  slipway: Summary | 'not measured';
  /** The same on a real dockerd, measured in turns with ours. */
  dockerd?: Summary | 'not measured';
  /** What we want: a share of dockerd's median, or a number. */
  goal?: { share?: number; p50?: number; p99?: number; atLeast?: number };
  note?: string;
}

export interface Summary { runs: number; p50: number; p95: number; p99: number; max: number }

export function summarise(samples: number[]): Summary {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number) => round(sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN);
  return { runs: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}

const round = (value: number) => Math.round(value * 100) / 100;

/** met, missed, or nothing when there is no goal or nothing to hold it against. */
function verdict({ slipway, dockerd, goal }: Row): string {
  if (!goal || slipway === 'not measured') return '';
  const { share, p50, p99, atLeast } = goal;
  if (atLeast !== undefined) return `${slipway.p50 >= atLeast ? 'met' : 'MISSED'} (goal p50 ≥ ${Math.round(atLeast)})`;
  if (share !== undefined) {
    if (!dockerd || dockerd === 'not measured') return '';
    return `${(slipway.p50 / dockerd.p50).toFixed(2)} of dockerd: ${slipway.p50 <= dockerd.p50 * share ? 'met' : 'MISSED'} (goal ≤ ${share})`;
  }
  const met = (p50 === undefined || slipway.p50 <= p50) && (p99 === undefined || slipway.p99 <= p99);
  return `${met ? 'met' : 'MISSED'} (goal ${p50 === undefined ? `p99 ≤ ${p99}` : `p50 ≤ ${p50}`})`;
}

export function printRows(rows: Row[], machine: { cpus: string; memoryGiB: number; kernel: string; load: number }) {
  const cell = (summary: Summary | 'not measured' | undefined, key: 'p50' | 'p95' | 'p99') => (summary === undefined ? '' : summary === 'not measured' ? '–' : summary[key].toFixed(1));
  const head = ['', 'p50', 'p95', 'p99', 'dockerd p50', 'p95', 'unit', ''];
  const table = [head, ...rows.map(row => [row.what, cell(row.slipway, 'p50'), cell(row.slipway, 'p95'), cell(row.slipway, 'p99'), cell(row.dockerd, 'p50'), cell(row.dockerd, 'p95'), row.unit, [verdict(row), row.note].filter(Boolean).join('; ')])];
  const widths = head.map((_, column) => Math.max(...table.map(line => line[column]!.length)));
  console.log(`\n${machine.cpus}, ${machine.memoryGiB} GiB, kernel ${machine.kernel}, load ${machine.load.toFixed(1)}\n`);
  for (const line of table) console.log(line.map((text, column) => (column === 0 || column >= 6 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!))).join('  ').trimEnd());
  if (rows.some(row => row.dockerd === 'not measured')) console.log('\n–: not measured: no dockerd was found (SLIPWAY_BENCH_DOCKER_HOST=unix:///… names one)');
}
