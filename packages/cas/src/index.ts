// @tallystick/cas: claims at a relay, set if unset, the first in the log wins. Spec: docs/spec/relay.md, "Claims".
export {
  type Claimant,
  type ClaimantOptions,
  type ClaimOptions,
  createClaimant,
  type Reconciled,
  type Tier,
} from './claimant.ts';
export { CasError, type CasErrorCode } from './errors.ts';
export { handInClaims } from './hand-in.ts';
export type { ClaimOutcome } from './outcome.ts';
