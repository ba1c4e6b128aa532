/** What has happened to goods or money, and cannot be undone by a refusal: it stands, and what is wrong with it is said. */
import { contest, type Correction, type Effect, type Outcome } from '@tallystick/kernel';
import { noteLate } from '@tallystick/ledger';

/** `contested`: why it is better left undone while that is possible. An entry whose day was closed is `ledger/late-entry`. */
export function outcomeOf(effects: readonly Effect[], contested?: Correction): Outcome {
  return noteLate(contested === undefined ? effects : contest(contested.code, contested.details, effects));
}

/** The same of what another plan made of it: an op has one correction, which names the other. */
export function contestAlso(outcome: Outcome, code: string, details: Correction['details']): Outcome {
  if (!('kind' in outcome)) return contest(code, details, outcome);
  if (outcome.kind === 'refusal') return outcome;
  const { correction, effects } = outcome;
  return contest(code, { ...correction.details, ...details, and: correction.code }, effects);
}
