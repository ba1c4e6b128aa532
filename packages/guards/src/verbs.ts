/** All verbs of the guards, for a book that uses every one. */
import { ownershipVerbs } from './handoff.ts';
import { leaseVerbs } from './lease-verbs.ts';
import { ruleVerbs } from './rule.ts';

export const guardVerbs: readonly [...typeof ownershipVerbs, ...typeof leaseVerbs, ...typeof ruleVerbs] = [
  ...ownershipVerbs,
  ...leaseVerbs,
  ...ruleVerbs,
];
