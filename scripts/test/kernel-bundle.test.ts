import { expect, it } from 'vitest';
import { bundleKernel, gzippedBytes, wholeKernel } from '../kernel-bundle.ts';

it('parts the kernel into files that load first and files that load later', async () => {
  const { first, later } = await bundleKernel(wholeKernel);
  expect(first.length).toBeGreaterThan(0);
  expect(later.map(({ name }) => name.replace(/-[0-9A-Z]{8}\.js$/, ''))).toEqual(
    expect.arrayContaining(['part-acts', 'part-seldom']),
  );
  for (const files of [first, later]) expect(gzippedBytes(files)).toBeGreaterThan(20_000);
});

it('refuses a program that brings a part, or what no kernel needs, in its first file', async () => {
  for (const taken of [
    './packages/kernel/src/part-seldom.ts',
    './packages/kernel/src/indexed-db-log.ts',
    '@tallystick/sign',
    'zod',
  ]) {
    const program = `${wholeKernel}\nimport * as taken from '${taken}';\nconsole.log(taken);`;
    await expect(bundleKernel(program)).rejects.toThrow('is in the first file of the kernel');
  }
});
