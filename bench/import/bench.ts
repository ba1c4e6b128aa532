/** What an application waits for when it imports the kernel, in a fresh process. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { buildProgram, runProgram } from '../program.ts';
import { mustBe, type Suite } from '../suite.ts';

export const importKernel: Suite = {
  name: 'import',
  summary: 'importing the kernel and all it needs, built into one file, in a fresh process',
  async prepare(_size, folder) {
    const program = await buildProgram(new URL('program.ts', import.meta.url), join(folder, 'import'));
    const kernel = await buildProgram(new URL('../../packages/kernel/src/index.ts', import.meta.url), folder);
    const run = async (): Promise<number> => {
      const { ms, names } = await runProgram<{ ms: number; names: number }>(program, [kernel]);
      mustBe('the kernel has exports', names > 10, true);
      return ms;
    };
    const one = {
      figures: [{ name: 'import-kernel', unit: 'ms' }] as const,
      count: async () => {
        await run();
        return { bytes: (await stat(kernel)).size };
      },
      run: async () => [await run()],
    };
    return { cases: [one], close: async () => undefined };
  },
};
