// How a link is written. Called by container/links.ts, and by endpoint.ts for networks that have names. Pure.
import { SlipwayError } from '../errors.ts';

/** `db:alias`, or what inspect shows: `/db:/web/alias`. */
export function parseLink(text: string): { target: string; alias: string } {
  const [target = '', alias = target, ...rest] = text.split(':');
  const name = target.replace(/^\//, '');
  if (!name || rest.length || alias === '') throw new SlipwayError('InvalidParameter', `bad format for links: ${text}`);
  return { target: name, alias: alias.slice(alias.lastIndexOf('/') + 1) };
}
