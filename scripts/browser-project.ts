// The vitest project that runs `*.browser.test.ts` in a real Chromium, or nothing, said aloud, when there is no Chromium.
import { globSync } from 'node:fs';
import { playwright } from '@vitest/browser-playwright';
import type { TestProjectInlineConfiguration } from 'vitest/config';
import { chromiumPath, isMissing, sharedPath } from './test-environment.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of the public vectors, empty where there is none: `commands.readFile` reaches it from a browser test. */
    vectorsFolder: string;
  }
}
declare module 'vitest/browser' {
  interface BrowserCommands {
    everyVerbDigest(seed: number): Promise<string>;
  }
}

/** `include` are globs of the browser tests, from the root of the repository. */
export function browserProject(include: readonly string[]): TestProjectInlineConfiguration[] {
  const files = globSync([...include], { exclude: (path) => path.endsWith('node_modules') });
  if (files.length === 0) return [];
  const executablePath = chromiumPath();
  if (executablePath === undefined) {
    isMissing(`Chromium (for ${files.sort().join(', ')})`, executablePath);
    return [];
  }
  const vectorsFolder = process.env['TALLYSTICK_VECTORS'] ?? sharedPath('vectors');
  // No graphics processor is there, as in the tests of the till (decision 102).
  const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking', '--disable-gpu'];
  return [
    {
      // Browser tests read the public vectors through the test server, which serves no other folder outside the repository.
      server: { fs: { allow: [process.cwd(), ...(vectorsFolder === undefined ? [] : [vectorsFolder])] } },
      // Found before the first test starts: a dependency found later would reload the page under a running test.
      optimizeDeps: { entries: files },
      test: {
        name: 'browser',
        include: [...include],
        provide: { vectorsFolder: vectorsFolder ?? '' },
        testTimeout: 300_000,
        hookTimeout: 300_000,
        expect: { poll: { timeout: 30_000 } },
        browser: {
          enabled: true,
          headless: true,
          // Of a page that everything is compiled for as it comes, on a machine that does much else meanwhile.
          connectTimeout: 300_000,
          screenshotFailures: false,
          provider: playwright({ launchOptions: { executablePath, args } }),
          instances: [{ browser: 'chromium' }],
          commands: {
            /** The digest that this Node comes to, for a page to compare its own with. */
            everyVerbDigest: async (_context, seed: number) => (await import('./every-verb.ts')).everyVerbDigest(seed),
          },
        },
      },
    },
  ];
}
