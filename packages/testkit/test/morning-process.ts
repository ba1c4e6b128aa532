// A child process that works through a morning and kills itself at one storage call. What was acknowledged stands on its standard output.
import { writeSync } from 'node:fs';
import { nodeStore } from '@tallystick/kernel/node';
import { crashingStore, createCrashPoint } from '@tallystick/testkit';
import { workMorning } from './morning.ts';

const [, , path = '', at = ''] = process.argv;
const die = (): never => {
  process.kill(process.pid, 'SIGKILL');
  for (;;); // the signal ends the process before this loop turns twice
};
const store = crashingStore(nodeStore(path), createCrashPoint(Number(at), die));
await workMorning(store, (hash) => void writeSync(1, `${hash}\n`), undefined);
