// Signals by name or number, as `docker kill -s` and STOPSIGNAL take them.
import { constants } from 'node:os';
import { SlipwayError } from '../errors.ts';

const MAX_SIGNAL = 64;
const RTMIN = 34;

/** A container's own stop signal: any number but 0, as dockerd. One that does not exist is sent to nobody. */
export function stopSignalNumber(text: string): number {
  return /^-?\d+$/.test(text) && Number(text) !== 0 ? Number(text) : signalNumber(text);
}

export const isSignal = (number: number) => number > 0 && number <= MAX_SIGNAL;

export function signalNumber(text: string): number {
  const invalid = () => new SlipwayError('InvalidParameter', `invalid signal: ${text}`);
  if (/^-?\d+$/.test(text)) {
    const number = Number(text);
    if (number === 0) throw invalid();
    if (number > MAX_SIGNAL || number < 0) throw new SlipwayError('InvalidParameter', `the linux daemon does not support signal ${number}`);
    return number;
  }
  const name = text.toUpperCase().replace(/^SIG/, '');
  const realtime = /^RTM(IN\+|AX-)(\d+)$/.exec(name) ?? /^RTM(IN|AX)()$/.exec(name);
  if (realtime) {
    const number = realtime[1]!.startsWith('IN') ? RTMIN + Number(realtime[2]) : MAX_SIGNAL - Number(realtime[2]);
    // Their names meet in the middle.
    if (Number(realtime[2]) > (realtime[1]!.startsWith('IN') ? 15 : 14)) throw invalid();
    return number;
  }
  const number = (constants.signals as Record<string, number>)[`SIG${name}`];
  if (number === undefined) throw invalid();
  return number;
}
