// Our own vectors as the packages' suites judge them; in the bundle these suites run on `suite.ts`.
import { runVectors as runChainVectors } from '../../packages/chain/test/vectors.ts';
import { runVectors as runOpVectors } from '../../packages/oplog/test/vectors.ts';
import { runVectors as runSignVectors } from '../../packages/sign/test/vectors.ts';
import {
  runStory as runRecoveryStory,
  runVectors as runRecoveryVectors,
} from '../../packages/recovery/test/portable.ts';
import { describe, type Outcome, runSuite } from './suite.ts';

export function runFixtureSuites(): Promise<Outcome[]> {
  describe('op', runOpVectors);
  describe('chain', runChainVectors);
  describe('sign', runSignVectors);
  describe('recovery', runRecoveryVectors);
  describe('a backup', runRecoveryStory);
  return runSuite();
}
