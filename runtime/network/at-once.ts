// Steps that do not need one another, carried out side by side: most of what a network costs is waiting for the kernel (its grace periods), and waits
// can be shared. Called by endpoint.ts and container/plan.ts. Pure. Each lane is in order; one that fails ends there, and says what its step would have said.
import type { Step } from '../kernel/protocol.ts';
import { hostToolboxDir } from '../paths.ts';

type Run = Extract<Step, { do: 'run' }>;

/** All that is not a run, a removal apart, is done before: it costs nothing. With a single lane there is nothing to gain. */
export function atOnce(...lanes: readonly Step[][]): Step[] {
  const runs = lanes.map(lane => lane.filter(step => step.do === 'run' || step.do === 'unlink')).filter(lane => lane.length > 0);
  if (runs.length < 2) return lanes.flat();
  const script = `${runs.map(lane => `(\n${lane.map(line).join('\n')}\n) & w="$w $!"\n`).join('')}e=0; for p in $w; do wait $p || e=1; done; exit $e`;
  return [...lanes.flat().filter(step => step.do !== 'run' && step.do !== 'unlink'), { do: 'run', argv: ['busybox', 'sh', '-c', `w=\n${script}`] }];
}

function line(step: Step): string {
  if (step.do === 'unlink') return `rm -f ${quoted(step.path)}`;
  const { argv: [program, ...words], stdin } = step as Run;
  // Its name is what failures are told by (container/runtime-errors.ts); busybox is said already.
  return `s=$(exec 2>&1 ${stdin ? `<<'END_OF_INPUT'\n${stdin}END_OF_INPUT` : '</dev/null'}\n${command(step as Run)}\n) || { echo "${program === 'busybox' && words[0] === 'sh' ? '' : `${program}: `}$s"; exit 1; }`;
}

/** A script is carried out by this shell, unless it belongs elsewhere: each program costs its start. */
function command({ argv: [program, ...words], netns }: Run): string {
  if (!netns && program === 'busybox' && words[0] === 'sh') return `set -- ${words.slice(4).map(quoted).join(' ')}\n${words[2]}`;
  const within = netns ? [`${hostToolboxDir}/bin/busybox`, 'nsenter', `--net=${netns}`, '--'] : [];
  return `exec ${[...within, `${hostToolboxDir}/bin/${program}`, ...words].map(quoted).join(' ')}`;
}

const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
