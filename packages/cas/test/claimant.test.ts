import { runClaimants } from './claimant.suite.ts';

runClaimants();
