/** The same set in a browser: what a rule comes to is consensus. */
import { expect, it } from 'vitest';
import { conformance, conformanceCounts } from './conformance.ts';

it('agrees wherever it answers', () => {
  expect(conformance()).toEqual({ counts: conformanceCounts, wrong: [] });
});
