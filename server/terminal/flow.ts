// The numbers of flow control, in bytes, and why. Measured: without it one stalled browser grew the server by 370 MB in five seconds;
// an acknowledgement per message cost a third of the throughput.

/** The program is held back when even the fastest viewer has this much unacknowledged: a tenth of a second's work for a browser. */
export const PAUSE_ABOVE = 384 << 10;
/** … and goes on below this, early enough that the browser never runs dry. */
export const RESUME_BELOW = 96 << 10;
/** A viewer with this much outstanding, while a faster one keeps the program going, is cut off and later gets a fresh screen. */
export const BEHIND_ABOVE = 1 << 20;
/** The kept screen may lag by this much before it holds the program back. */
export const SCREEN_PAUSE_ABOVE = 512 << 10;
export const SCREEN_RESUME_BELOW = 128 << 10;
/** Fresh screens for a viewer that keeps falling behind: at most one per this time, each costs up to 30 ms of the screens' thread. */
export const SCREEN_EVERY_MS = 250;
/** Input that the program does not read: beyond this it is dropped, as a kernel's terminal drops what overflows its queue. */
export const INPUT_MAX = 1 << 20;
/** Rearranging a long screen for a new width takes milliseconds: sizes are taken at most this often. */
export const RESIZE_EVERY_MS = 40;
