// The mark: a hull on the slipway's incline, cut by one waterline. app/icon.svg is the same drawing.
export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden focusable="false">
      <g transform="rotate(13 16 16)">
        <path d="M3 6.5h26c-.6 7.6-4.3 13.5-11 14.5h-7C6.3 19.6 3.4 14.5 3 6.5Z" fill="var(--primer)" />
        <path d="M3.4 11.4h25.1" stroke="var(--paper)" strokeWidth="1.8" />
        <path d="M0 25h32" stroke="currentColor" strokeWidth="2.6" strokeLinecap="round" />
      </g>
    </svg>
  );
}
