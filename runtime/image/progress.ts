// The bar that Docker's daemon draws into a message for clients that do not draw one themselves.
// https://github.com/moby/moby/blob/v26.1.5/pkg/jsonmessage/jsonmessage.go#L54
export function progressBar(current: number, total: number): string {
  const filled = Math.min(50, Math.floor(Math.floor(current / total * 100) / 2));
  const bar = `[${'='.repeat(filled)}>${' '.repeat(50 - filled)}] `;
  return `${bar}${humanSize(current).padStart(8)}/${humanSize(total)}`;
}

/** Four significant digits and decimal units, as https://github.com/docker/go-units/blob/v0.5.0/size.go prints sizes. */
export function humanSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${Number(size.toPrecision(4))}${units[unit]}`;
}
