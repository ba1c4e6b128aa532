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
    projects: [
      {
        test: {
          name: 'node',
          environment: 'node',
          include: tests,
          exclude: ['**/node_modules/**', '**/dist/**', ...browserTests],
          testTimeout: 20_000,
        },
      },
      ...browserProject(browserTests),
    ],
    coverage: { provider: 'v8', include: ['packages/*/src/**/*.ts', 'apps/*/src/**/*.ts'] },
    passWithNoTests: true,
  },
});

export default config;
