// Errors as BuildKit's clients want them: with the lines of the Dockerfile and the step they came from, which the client draws.
// Details are JSON named by a Go type: https://github.com/moby/buildkit/blob/v0.13.2/solver/errdefs/errdefs.proto
import { ProcessFailed } from '../build/solver-steps.ts';
import { asSlipwayError } from '../errors.ts';
import { CODES, GrpcError, type Detail } from './grpc.ts';

export interface Place { start: number; end: number }

const detail = (type: string, value: unknown): Detail => ({ type: `github.com/moby/buildkit/${type}+json`, value: Buffer.from(JSON.stringify(value)) });

export function buildError(error: unknown, about: { filename: string; dockerfile: string; lines?: Place | undefined; vertex?: string | undefined }): GrpcError {
  if (error instanceof GrpcError) return error;
  const { lines, vertex } = about;
  return new GrpcError(CODES.unknown, asSlipwayError(error).message, [
    ...(lines?.start ? [detail('errdefs.Source', {
      info: { filename: about.filename, data: Buffer.from(about.dockerfile).toString('base64') },
      ranges: Array.from({ length: lines.end - lines.start + 1 }, (_, at) => ({ start: { line: lines.start + at }, end: { line: lines.start + at } })),
    })] : []),
    ...(vertex ? [detail('errdefs.Vertex', { digest: vertex })] : []),
    ...(error instanceof ProcessFailed ? [detail('gatewayapi.ExitMessage', { Code: error.exitCode })] : []),
  ]);
}
