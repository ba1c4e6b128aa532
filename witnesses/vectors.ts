/** The published test cases say what the specifications say, as read by a checker that shares no code with the packages. */
import type { Witness } from './claim.ts';
import { checkVectors } from './vectors-check.mjs';

export const vectors: Witness = {
  name: 'vectors',
  claims: 42,
  async run({ broken, claim }) {
    for (const { file, cases, refused, wrong } of checkVectors(broken))
      claim({ cases }, { file, refused, wrong: wrong.length }, wrong.length === 0);
  },
};
