import { expect, test } from 'vitest';
import type { Figures } from '../../runtime/lab/control.ts';
import { LimitJudge } from './limits.ts';

const limits = { diskBytes: 1000 << 20, pids: 512 };
const quiet: Figures = { lab: 'a', cpuNs: 0, memoryBytes: 0, pids: 10, memoryHits: 5, oomKills: 1, forksRefused: 2, pidsPeak: 0, diskBytes: 1 << 20, recordsBytes: 0, logsFull: 0, connectionsRefused: 0, refused: 0, refusedNames: [], mayReach: [], containerAt: null, killedAt: null };

/** What is told at each reading, which come a second apart unless said otherwise. */
function told(...readings: (Partial<Figures> & { seconds?: number })[]): string[] {
  const judge = new LimitJudge();
  let at = 0;
  return readings.map(({ seconds = 1, ...figures }) => judge.next({ ...quiet, ...figures }, limits, (at += seconds * 1000)).join());
}

test.each<[string, (Partial<Figures> & { seconds?: number })[], string[]]>([
  ['nothing at the first look, whatever has been counted before', [{ memoryHits: 9, oomKills: 9, forksRefused: 9, connectionsRefused: 9 }], ['']],
  ['memory, once for one occurrence', [{}, { memoryHits: 6, oomKills: 2 }, { memoryHits: 9, oomKills: 4 }, { memoryHits: 10, oomKills: 5, seconds: 60 }], ['', 'memory', '', 'memory']],
  ['memory, when the container that was killed took its counter with it', [{}, { memoryHits: 6, oomKills: 0, killedAt: 5 }], ['', 'memory']],
  ['no memory when only pages were written back', [{}, { memoryHits: 600 }], ['', '']],
  ['no memory when a container met its own limit', [{}, { oomKills: 2, killedAt: 5 }], ['', '']],
  ['processes, again after they were fewer', [{}, { pids: 512 }, { pids: 512 }, { pids: 400, forksRefused: 9 }, { pids: 20 }, { pids: 450, forksRefused: 10 }], ['', 'processes', '', '', '', 'processes']],
  ['processes that have ended again since', [{}, { pids: 10, pidsPeak: 512 }, { pids: 10, pidsPeak: 512 }], ['', 'processes', '']],
  ['no processes when a container met its own limit', [{}, { forksRefused: 9, pids: 100 }], ['', '']],
  ['a full disk, at first sight too, and again after there was room', [{ diskBytes: 995 << 20 }, { diskBytes: 999 << 20 }, { diskBytes: 950 << 20 }, { diskBytes: 500 << 20 }, { diskBytes: 990 << 20 }], ['disk', '', '', '', 'disk']],
  ['a full log', [{}, { logsFull: 1 }, { logsFull: 1 }], ['', 'logs', '']],
  ['refused connections', [{}, { connectionsRefused: 3 }, { connectionsRefused: 9 }], ['', 'connections', '']],
  ['a way out that is not there, once', [{}, { refused: 2 }, { refused: 9 }], ['', 'egress', '']],
  ['a way out that is not there, again when another one was opened', [{}, { refused: 2 }, { refused: 2, mayReach: ['a.org'] }, { refused: 3, mayReach: ['a.org'] }], ['', 'egress', '', 'egress']],
  ['a kernel that does not tell of disks', [{ diskBytes: null, recordsBytes: null }], ['']],
])('%s', (_, readings, expected) => expect(told(...readings)).toEqual(expected));
