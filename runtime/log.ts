// The log of a process: lines of JSON with the request and the lab they belong to. No line holds what a learner wrote or a secret: of an error it has its
// kind and the places it went through, and its message only where that is the system's own (a code and a call). SLIPWAY_LOG=debug adds messages, for whoever
// hunts a fault on a machine of their own.
import { pino, type Logger } from 'pino';
import { SlipwayError } from './errors.ts';
import { currentRequest } from './request.ts';

const level = process.env.SLIPWAY_LOG ?? 'info';

export const createLog = (options: { name?: string } = {}): Logger => pino({
  base: null,
  ...options,
  level,
  mixin: () => currentRequest() ?? {},
  serializers: { err: describeError },
});

interface Described { type: string; kind?: string; code?: string; syscall?: string; message?: string; stack: string[]; cause?: Described }

export function describeError(error: unknown, withMessage = level === 'debug' || level === 'trace'): Described {
  if (!(error instanceof Error)) return { type: typeof error, stack: [] };
  const { code, syscall } = error as NodeJS.ErrnoException;
  return {
    type: error.constructor.name,
    ...(error instanceof SlipwayError ? { kind: error.kind } : {}),
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof syscall === 'string' ? { syscall: syscall.split(' ')[0]! } : {}), // of a program that was started it names that, too
    ...(withMessage ? { message: error.message } : {}),
    stack: (error.stack ?? '').split('\n').filter(line => /^ {4}at /.test(line)).map(line => line.trim()),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause, withMessage) }),
  };
}
