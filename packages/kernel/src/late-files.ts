/**
 * Where the parts of the kernel are: a bundler makes a file of each `import()` here (docs/decisions/026-what-loads-when.md). What opens a book, or asks of a log without one, says so first; no part
 * leads back to this module.
 */
import { build } from './build.ts';
import { type PartFiles, partsComeFrom } from './load-part.ts';

const files: PartFiles = {
  acts: () => ofThisBuild(import('./part-acts.ts')),
  seldom: () => ofThisBuild(import('./part-seldom.ts')),
};

/** To be called before anything of a part is asked for. */
export function useLateFiles(): void {
  partsComeFrom(files);
}

async function ofThisBuild<P extends { readonly build: typeof build }>(file: Promise<P>): Promise<P> {
  const part = await file;
  if (part.build !== build) throw new Error('it is of another build than the program');
  return part;
}
