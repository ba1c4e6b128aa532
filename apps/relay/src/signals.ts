// What a signal to stop comes to. Process 1 of a container hears none that it has not asked for, and is killed when its time is up.
import { createJsonLog } from './log.ts';

/** Nothing was acknowledged yet, so nothing needs an end. */
let stop: () => void = () => {
  createJsonLog((text) => process.stderr.write(text))({ level: 'info', event: 'stopped' });
  process.exit();
};
let isHeard = false;

/** Ends the process at a signal, until `onStop` says what else is to be done. */
export function hearStop(): void {
  if (isHeard) return;
  isHeard = true;
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => stop());
}

export function onStop(run: () => void): void {
  stop = run;
  hearStop();
}
