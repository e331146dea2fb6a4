// The mark: a hull on the slipway's incline, cut by one waterline.
export function Logo({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden focusable="false">
      <path d="M3 20.6 29 26.9" stroke="currentColor" strokeWidth="2.2" strokeLinecap="round" />
      <path d="M5.4 9.7 27.2 15c-.5 4.2-2.9 7.5-7.1 7.9L9.4 20.3C6.6 18.3 5.4 14.4 5.4 9.7Z" fill="var(--primer)" />
      <path d="m6.5 14.3 19.5 4.750" stroke="var(--paper)" strokeWidth="1.4" />
    </svg>
  );
}
