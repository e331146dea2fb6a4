// The front page's drawing: a hull on its slipway, as a shipyard would draw it. Its waterlines are the layers of an image; the thin one on top is the container's.
import { getTexts } from '../language/texts.ts';

export async function HullDrawing() {
  const t = await getTexts();
  return (
    <svg className="hull" viewBox="0 0 560 400" role="img" aria-label={t('hull.label')}>
      <defs><clipPath id="hull-shape"><path d="M52 118 472 118C466 196 424 262 330 272L138 272C78 262 54 196 52 118Z" /></clipPath></defs>
      <g className="hull-water"><path d="M430 352q11-7 22 0t22 0 22 0 22 0 22 0 22 0" /><path d="M452 366q11-7 22 0t22 0 22 0 22 0 22 0" /><path d="M478 380q11-7 22 0t22 0 22 0 22 0" /></g>
      <g className="hull-ways"><path d="M10 262 546 358" /><path d="M10 276 546 372" /></g>
      <g className="hull-ways-blocks">{Array.from({ length: 12 }, (_, i) => <path key={i} d={`M${34 + i * 36} ${(266.3 + i * 6.45).toFixed(1)}v14`} />)}</g>
      <g transform="rotate(10.15 260 200) translate(0 14)">
        <g className="hull-cradle"><path d="M150 272h18v18h-18zM208 272h18v18h-18zM266 272h18v18h-18zM324 272h18v18h-18z" /><path d="M86 244 62 290M424 236l22 54" /></g>
        <g clipPath="url(#hull-shape)">
          <path className="hull-layer l1" d="M40 232h440v50H40z" /><path className="hull-layer l2" d="M40 190h440v42H40z" /><path className="hull-layer l3" d="M40 146h440v44H40z" /><path className="hull-layer l4" d="M40 116h440v30H40z" />
          <g className="hull-waterlines"><path d="M40 146h440M40 190h440M40 232h440" /></g>
          <g className="hull-frames">{Array.from({ length: 13 }, (_, i) => <path key={i} d={`M${84 + i * 30} 118v160`} />)}</g>
        </g>
        <path className="hull-outline" d="M52 118 472 118C466 196 424 262 330 272L138 272C78 262 54 196 52 118Z" />
        <g className="hull-marks"><path d="M112 132v-66M112 66h34v18h-34M300 118v-30h96v30M324 88V70h48v18" /></g>
        <g className="hull-words"><text x="200" y="137">{t('hull.container')}</text><text x="200" y="174">{t('hull.program')}</text><text x="200" y="217">{t('hull.packages')}</text><text x="200" y="257">{t('hull.base')}</text></g>
      </g>
      <g className="hull-dimension"><path d="M196 352l150 27M334 371l12 8-13 4" /><text transform="translate(196 372) rotate(10.15)">docker run</text></g>
    </svg>
  );
}
