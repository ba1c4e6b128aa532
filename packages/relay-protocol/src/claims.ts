// What an op claims (docs/spec/relay.md, "Claims"): an opaque token, which belongs to the first op in its log that claimed it.
import type { Op } from '@tallystick/oplog';

const tokenPattern = /^[\x21-\x7e]{1,128}$/;

/** The token that an op claims, whatever its verb: the member `claim` of its args, 1 to 128 visible ASCII characters. Otherwise it claims nothing. */
export function claimOf({ args }: Op): string | undefined {
  const token = args['claim'];
  return typeof token === 'string' && tokenPattern.test(token) ? token : undefined;
}
