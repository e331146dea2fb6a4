// The closed set of error kinds. Code branches on kind, never on message; only the API's edge turns kinds into statuses.
export type ErrorKind =
  | 'NotFound' | 'InvalidParameter' | 'Conflict' | 'NotModified' | 'Unauthorized' | 'Forbidden' | 'Unavailable' | 'NotImplemented' | 'System';

export class SlipwayError extends Error {
  override readonly name = 'SlipwayError';
  readonly kind: ErrorKind;
  constructor(kind: ErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** Any thrown value as a SlipwayError; what is not one already is a System error with the original as its cause. */
export function asSlipwayError(error: unknown): SlipwayError {
  if (error instanceof SlipwayError) return error;
  return new SlipwayError('System', error instanceof Error ? error.message : String(error), { cause: error });
}
