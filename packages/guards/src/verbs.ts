/** All verbs of the guards, for a book that uses every one. */
import { authorityVerbs } from './authority-verbs.ts';
import { ownershipVerbs } from './handoff.ts';
import { leaseVerbs } from './lease-verbs.ts';
import { ruleVerbs } from './rule.ts';

export const guardVerbs: readonly [
  ...typeof ownershipVerbs,
  ...typeof leaseVerbs,
  ...typeof ruleVerbs,
  ...typeof authorityVerbs,
] = [...ownershipVerbs, ...leaseVerbs, ...ruleVerbs, ...authorityVerbs];
