/** What an application waits for when it imports a package, in a fresh process. */
import { readdirSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildProgram, runProgram } from '../program.ts';
import { type Case, mustBe, type Suite } from '../suite.ts';

const packages = new URL('../../packages/', import.meta.url);
/** Tools for tests and lint, which no application imports. */
const left = ['eslint-plugin', 'testkit'];

export const importPackages: Suite = {
  name: 'import',
  summary: 'importing each package and all it needs, built into one file, in a fresh process',
  async prepare(_size, folder) {
    const program = await buildProgram(new URL('program.ts', import.meta.url), join(folder, 'import'));
    const names = readdirSync(fileURLToPath(packages)).filter((name) => !left.includes(name));
    const cases: Case[] = [];
    for (const name of names.sort()) {
      const built = await buildProgram(new URL(`${name}/src/index.ts`, packages), join(folder, name));
      cases.push(importCase(name, program, built));
    }
    return { cases, close: async () => undefined };
  },
};

function importCase(name: string, program: string, built: string): Case {
  return {
    figures: [{ name: `import-${name}`, unit: 'ms' }],
    count: async () => ({ bytes: (await stat(built)).size }),
    run: async () => {
      const { ms, names } = await runProgram<{ ms: number; names: number }>(program, [built]);
      mustBe(`${name} has exports`, names > 0, true);
      return [ms];
    },
  };
}
