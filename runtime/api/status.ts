// The one place where error kinds become HTTP statuses. Called by server.ts and hijack.ts only.
import { asSlipwayError, type ErrorKind, type SlipwayError } from '../errors.ts';

const STATUS = {
  NotFound: 404,
  InvalidParameter: 400,
  Conflict: 409,
  NotModified: 304,
  Unauthorized: 401,
  Forbidden: 403,
  Unavailable: 503,
  NotImplemented: 501,
  System: 500,
} as const satisfies Record<ErrorKind, number>;

export const STATUS_TEXT: Readonly<Record<number, string>> = {
  200: 'OK', 201: 'Created', 204: 'No Content', 304: 'Not Modified', 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden',
  404: 'Not Found', 409: 'Conflict', 500: 'Internal Server Error', 501: 'Not Implemented', 503: 'Service Unavailable',
};

export function failure(thrown: unknown): { status: number; message: string; error: SlipwayError } {
  const error = asSlipwayError(thrown);
  return { status: STATUS[error.kind], message: error.message, error };
}
