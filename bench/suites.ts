/** Every suite, in the order in which they are shown. */
import { append } from './append/bench.ts';
import { browser } from './browser/bench.ts';
import { bundle } from './bundle/bench.ts';
import { bytes } from './bytes/bench.ts';
import { chain } from './chain/bench.ts';
import { commit } from './commit/bench.ts';
import { erasure } from './erasure/bench.ts';
import { floor } from './floor/bench.ts';
import { importPackages } from './import/bench.ts';
import { merge } from './merge/bench.ts';
import { parse } from './parse/bench.ts';
import { recovery } from './recovery/bench.ts';
import { reopen } from './reopen/bench.ts';
import { replay } from './replay/bench.ts';
import { restore } from './restore/bench.ts';
import { scale } from './scale/bench.ts';
import { simulation } from './simulate/bench.ts';
import { snapshot } from './snapshot/bench.ts';
import type { Suite } from './suite.ts';
import { verify } from './verify/bench.ts';

export const suites: readonly Suite[] = [
  append,
  floor,
  parse,
  chain,
  commit,
  replay,
  verify,
  merge,
  reopen,
  scale,
  browser,
  snapshot,
  erasure,
  simulation,
  recovery,
  restore,
  bytes,
  bundle,
  importPackages,
];
