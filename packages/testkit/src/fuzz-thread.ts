// The thread that crew.ts starts: takes seeds until there are none left, and says of each what came of it.
import { parentPort, workerData } from 'node:worker_threads';
import type { Done, Shift } from './crew.ts';
import { createNodeSurroundings } from './node-surroundings.ts';
import { simulate } from './simulate.ts';
import { drawTrace } from './trace.ts';

const { next, end, ops, plant } = workerData as Shift;
const counter = new Int32Array(next);
for (let seed = Atomics.add(counter, 0, 1); seed < end; seed = Atomics.add(counter, 0, 1)) {
  const simulated = await simulate(drawTrace(seed, ops), await createNodeSurroundings(plant));
  const done: Done = { seed, ...simulated };
  parentPort?.postMessage(done);
}
