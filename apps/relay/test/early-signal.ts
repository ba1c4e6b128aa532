// Loaded before a program: it is told to stop as soon as it listens. One that has loaded its engine before is too late, and ends with status 3.
import { createRequire } from 'node:module';

const { cache } = createRequire(import.meta.url);
const once = process.once.bind(process);
process.once = ((...listening: Parameters<typeof once>) => {
  const heard = once(...listening);
  if (Object.keys(cache).length > 0) process.exit(3);
  if (String(listening[0]) === 'SIGTERM') process.kill(process.pid, 'SIGTERM');
  return heard;
}) as typeof process.once;
