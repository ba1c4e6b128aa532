// Which versions of the protocol this release speaks, and which one two parties choose (docs/spec/relay.md, "Handshake").
import type { ProtocolRange } from './errors.ts';

export const protocols: ProtocolRange = { from: 1, to: 1 };

/** The newest version that both speak; undefined where there is none. */
export function chooseProtocol(own: ProtocolRange, other: ProtocolRange): number | undefined {
  const newest = Math.min(own.to, other.to);
  return newest >= Math.max(own.from, other.from) ? newest : undefined;
}
