import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { browserProject } from './scripts/browser-project.ts';

const tests = [
  'packages/*/test/**/*.test.ts',
  'apps/*/test/**/*.test.ts',
  '{scripts,bench,witnesses}/test/**/*.test.ts',
];
const browserTests = ['packages/*/test/**/*.browser.test.ts', 'apps/*/test/**/*.browser.test.ts'];

const config: ViteUserConfig = defineConfig({
  test: {
    // The default leaves a core free, which on two cores is one file at a time; many files wait for browsers, processes and disks.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'node',
          environment: 'node',
          include: tests,
          exclude: ['**/node_modules/**', '**/dist/**', ...browserTests],
          // On a busy machine everything takes its time; a wait that is met ends at once.
          testTimeout: 300_000,
          hookTimeout: 300_000,
          expect: { poll: { timeout: 30_000 } },
        },
      },
      ...browserProject(browserTests),
    ],
    coverage: { provider: 'v8', include: ['packages/*/src/**/*.ts', 'apps/*/src/**/*.ts'] },
    passWithNoTests: true,
  },
});

export default config;
