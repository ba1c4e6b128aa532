/** Every suite, in the order in which they are shown. */
import { bytes } from './bytes/bench.ts';
import { commit } from './commit/bench.ts';
import { importKernel } from './import/bench.ts';
import { merge } from './merge/bench.ts';
import { reopen } from './reopen/bench.ts';
import { replay } from './replay/bench.ts';
import type { Suite } from './suite.ts';
import { verify } from './verify/bench.ts';

export const suites: readonly Suite[] = [commit, replay, verify, merge, reopen, bytes, importKernel];
