// What a relay was convicted of, and what another device saw of its logs, in words for people who have never heard of a Merkle tree.
import type { OtherView, RelayFinding } from '@tallystick/kernel';

type Found = Pick<RelayFinding, 'kind' | 'scope' | 'promised' | 'later'>;

/** One sentence without a full stop; sizes and positions as a person counts. */
export function findingWords({ kind, scope, promised, later }: Found): string {
  switch (kind) {
    case 'split':
      return `The relay showed two different logs of ${scope}: one of ${promised} ops, and one of ${later} that does not continue it`;
    case 'broken-receipt':
      return `The relay signed that an op is kept at place ${promised + 1} of ${scope}, and keeps another one there`;
    case 'two-receipts':
      return `The relay signed two things about place ${later + 1} of ${scope} that cannot both be true`;
    case 'shrunk':
      return later === 0
        ? `The relay lost its whole log of ${scope}, after it had confirmed ${promised} ops`
        : `The relay's log of ${scope} became another: it had confirmed ${promised} ops, and then signed for ${later}`;
  }
}

/** One sentence without a full stop. It accuses nobody. */
export function otherViewWords({ device, scope, size }: Pick<OtherView, 'device' | 'scope' | 'size'>): string {
  return `Device ${device.slice(0, 12)} says that it saw another log of ${scope}, of ${size} ops: import its book file, which can prove whether the relay showed two`;
}
