// Progress as a launch: a hull goes down the slipway, one keel block per task, and is afloat when all are done. The words beside it say the same.
import type { CSSProperties } from 'react';

interface Props { done: number; of: number; width?: number; }

export function ProgressSlip({ done, of, width = 168 }: Props) {
  const share = of === 0 ? 0 : done / of;
  const blocks = Array.from({ length: of }, (_, i) => 14 + ((i + 0.5) / of) * 136);
  return (
    <svg className="slip" width={width} height={(width * 40) / 184} viewBox="0 0 184 40" aria-hidden focusable="false" data-afloat={of > 0 && done === of} style={{ '--share': share } as CSSProperties}>
      <path className="slip-water" d="M146 34.5q4.5-3 9 0t9 0 9 0 9 0" />
      <path className="slip-ramp" d="M4 17 158 36" />
      {blocks.map((x, i) => <path key={x} className="slip-block" data-done={i < done} d={`M${x.toFixed(1)} ${(17 + ((x - 4) * 19) / 154).toFixed(1)}v7`} />)}
      <g className="slip-hull"><path d="M-13-9.5 14-9.5C13.5-4.5 10.5-.8 5.5-.8H-7.5C-11-1.8-12.8-5.2-13-9.5Z" /></g>
    </svg>
  );
}
