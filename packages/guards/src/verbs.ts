/** All verbs of the guards, for a book that uses every one. */
import { ownershipVerbs } from './handoff.ts';
import { leaseVerbs } from './lease-verbs.ts';

export const guardVerbs: readonly [...typeof ownershipVerbs, ...typeof leaseVerbs] = [...ownershipVerbs, ...leaseVerbs];
