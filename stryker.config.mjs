// The mutation run (`npm run mutation`): breaks the code that decides what is genuine, one small change at a time, and asks
// whether a test notices. Fails below `thresholds.break`. Reports and the state of the last run stay in `tmp/mutation`.
import { fileURLToPath } from 'node:url';

// The tests run in a copy of the repository, beside which nothing lies.
process.env['TALLYSTICK_SHARED'] ??= fileURLToPath(new URL('../shared/', import.meta.url));

const prose = /\p{L},? \p{L}/u;

/** Messages are for people and nothing branches on them, so no test asks for their words. */
const messages = {
  /** @returns {string | undefined} why the text is left alone */
  shouldIgnore({ node }) {
    const texts =
      node.type === 'StringLiteral'
        ? [node.value]
        : node.type === 'TemplateLiteral'
          ? node.quasis.map(({ value }) => value.raw)
          : [];
    return texts.some((text) => prose.test(text)) ? 'the words of a message' : undefined;
  },
};

export const strykerPlugins = [{ kind: 'Ignore', name: 'messages', value: messages }];

/** @type {import('@stryker-mutator/core').PartialStrykerOptions} */
const config = {
  mutate: [
    'packages/oplog/src/{canonical,op,record}.ts',
    'packages/chain/src/{base64,chain,checkpoint,cosignature,hasher,hex,note,proof,record,runs,tlog-proof,tree}.ts',
    'packages/sign/src/{acceptance,noble,op-signature,roles}.ts',
  ],
  testRunner: 'vitest',
  vitest: { configFile: 'vitest.mutation.config.ts' },
  plugins: ['@stryker-mutator/vitest-runner', fileURLToPath(import.meta.url)],
  ignorers: ['messages'],
  coverageAnalysis: 'perTest',
  // What runs once, on import, would take every test of its package for each change.
  ignoreStatic: true,
  concurrency: 2,
  timeoutMS: 10_000,
  thresholds: { high: 95, low: 90, break: 80 },
  incremental: true,
  incrementalFile: 'tmp/mutation/state.json',
  tempDirName: 'tmp/mutation/sandboxes',
  reporters: ['clear-text', 'html', 'json'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  htmlReporter: { fileName: 'tmp/mutation/report.html' },
  jsonReporter: { fileName: 'tmp/mutation/report.json' },
  ignorePatterns: ['/tmp', '/apps', '/.toolchain', 'bench/peers', 'coverage', 'dist', '.turbo'],
};

// oxlint-disable-next-line import/no-default-export -- where Stryker looks for it
export default config;
