// What a signal to stop comes to. Process 1 of a container hears none that it has not asked for, and is killed when its time is up.
import { constants } from 'node:os';
import { createJsonLog } from './log.ts';

/** Nothing was acknowledged yet, so nothing needs an end. */
let stop: () => void = () => {
  createJsonLog((text) => process.stderr.write(text))({ level: 'info', event: 'stopped' });
  process.exit();
};
let isHeard = false;
const signals = ['SIGTERM', 'SIGINT'] as const;

/** Ends the process at a signal, until `onStop` says what else is to be done. */
export function hearStop(): void {
  if (isHeard) return;
  isHeard = true;
  for (const signal of signals) process.once(signal, () => stop());
}

/** As process 1 too, a program ends as any other does that hears nothing: at once, with the status of a failure. */
export function endAtSignal(): void {
  if (process.pid !== 1) return;
  for (const signal of signals) process.once(signal, () => process.exit(128 + constants.signals[signal]));
}

export function onStop(run: () => void): void {
  stop = run;
  hearStop();
}
