import { KernelError } from './errors.ts';

/** Loads a part of the kernel: see parts.ts. Throws `kernel/not-loaded`, before anything was begun, where its file cannot be had. */
export async function loadPart<T>(part: string, from: () => Promise<T>): Promise<T> {
  try {
    return await from();
  } catch (cause) {
    throw new KernelError('kernel/not-loaded', `the part "${part}" of the kernel cannot be loaded`, cause);
  }
}
