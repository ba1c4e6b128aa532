/** What is told once of where the parts of the kernel are, and how one of them is loaded: see parts.ts. */
// oxlint-disable @tallystick/no-shared-state -- files of this very build: no answer depends on when they come, for what needs one waits or says that it is not there
import { KernelError } from './errors.ts';
import type * as acts from './part-acts.ts';
import type * as seldom from './part-seldom.ts';

/** How each is brought. Rejects where it cannot be had, or is of another build than the program. */
export interface PartFiles {
  acts(): Promise<typeof acts>;
  seldom(): Promise<typeof seldom>;
}

let files: PartFiles | undefined;

/** Nothing that a part needs may name the files of parts: they come from whoever opens a book or asks of a log. */
export function partsComeFrom(given: PartFiles): void {
  files = given;
}

/** Throws `kernel/not-loaded`, before anything was begun, where the file of a part cannot be had. */
export async function loadPart<T>(part: string, from: (files: PartFiles) => Promise<T>): Promise<T> {
  try {
    if (files === undefined) throw new Error('nobody has said where it is');
    return await from(files);
  } catch (cause) {
    throw notLoaded(part, cause);
  }
}

function notLoaded(part: string, cause: unknown): KernelError {
  return new KernelError('kernel/not-loaded', `the part "${part}" of the kernel cannot be loaded`, cause);
}
