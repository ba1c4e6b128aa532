// The vitest project that runs `*.browser.test.ts` in a real Chromium, or nothing, said aloud, when there is no Chromium.
import { globSync } from 'node:fs';
import { playwright } from '@vitest/browser-playwright';
import type { TestProjectInlineConfiguration } from 'vitest/config';
import { chromiumPath, isMissing } from './test-environment.ts';

/** `include` are globs of the browser tests, from the root of the repository. */
export function browserProject(include: readonly string[]): TestProjectInlineConfiguration[] {
  const files = globSync([...include], { exclude: (path) => path.endsWith('node_modules') });
  if (files.length === 0) return [];
  const executablePath = chromiumPath();
  if (executablePath === undefined) {
    isMissing(`Chromium (for ${files.sort().join(', ')})`, executablePath);
    return [];
  }
  const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking'];
  return [
    {
      test: {
        name: 'browser',
        include: [...include],
        testTimeout: 30_000,
        browser: {
          enabled: true,
          headless: true,
          screenshotFailures: false,
          provider: playwright({ launchOptions: { executablePath, args } }),
          instances: [{ browser: 'chromium' }],
        },
      },
    },
  ];
}
