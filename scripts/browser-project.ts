// The vitest project that runs `*.browser.test.ts` in a real Chromium, or nothing when there is no Chromium.
import { playwright } from '@vitest/browser-playwright';
import type { TestProjectInlineConfiguration } from 'vitest/config';
import { chromiumPath } from './test-environment.ts';

export function browserProject(include: readonly string[]): TestProjectInlineConfiguration[] {
  const executablePath = chromiumPath();
  if (executablePath === undefined) return [];
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
