// What is run: it hears a signal to stop from its first line on, and then loads the program, which takes longer than all else at a start.
import { isMainThread } from 'node:worker_threads';
import { endAtSignal, hearStop } from './signals.ts';

// The other commands end as any program does: what a restore was stopped in is not done.
if (isMainThread) {
  if (process.argv[2]?.startsWith('--') === true) hearStop();
  else endAtSignal();
}
await import('./program.ts');
