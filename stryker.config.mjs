// The mutation run (`npm run mutation`): breaks the code that decides what is genuine, one small change at a time, and asks
// whether a test notices. Fails where a file, or the whole, is below 80 % noticed. Reports and the state of the last run stay in `tmp/mutation`.
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

const leastPercent = 80;

/** Holds every file to the least score, because a whole that is well tested can hide a part that is not. */
class EachFile {
  onMutationTestReportReady(/** @type {{ files: Record<string, { mutants: { status: string }[] }> }} */ { files }) {
    for (const [file, { mutants }] of Object.entries(files)) {
      const count = (/** @type {string[]} */ ...statuses) =>
        mutants.filter(({ status }) => statuses.includes(status)).length;
      const [noticed, missed] = [count('Killed', 'Timeout'), count('Survived', 'NoCoverage')];
      const percent = (100 * noticed) / Math.max(1, noticed + missed);
      const verdict = percent >= leastPercent ? 'PASS' : 'FAIL';
      console.log(`mutation ${file} noticed=${noticed} missed=${missed} score=${percent.toFixed(1)} ${verdict}`);
      if (verdict === 'FAIL') process.exitCode = 1;
    }
  }
}

export const strykerPlugins = [
  { kind: 'Ignore', name: 'messages', value: messages },
  { kind: 'Reporter', name: 'each-file', injectableClass: EachFile },
];

/** @type {import('@stryker-mutator/core').PartialStrykerOptions} */
const config = {
  mutate: [
    'packages/oplog/src/{brands,canonical,hex,op,plain,record}.ts',
    'packages/chain/src/{base64,chain,checkpoint,cosignature,hasher,hex,note,proof,record,runs,tlog-proof,tree}.ts',
    'packages/sign/src/{acceptance,admission,key-cache,key-life,noble,node-ed25519,op-signature,platform,preimage,rotation,web-crypto}.ts',
    'packages/sign/src/{base64url,token-claim,token-url}.ts',
    'packages/sign/src/{device-acts,device-keys,enrolment,key-acts,roles,roster,roster-state}.ts',
  ],
  testRunner: 'vitest',
  vitest: { configFile: 'vitest.mutation.config.ts' },
  plugins: ['@stryker-mutator/vitest-runner', fileURLToPath(import.meta.url)],
  ignorers: ['messages'],
  coverageAnalysis: 'perTest',
  warnings: { slow: false },
  concurrency: 2,
  timeoutMS: 10_000,
  thresholds: { high: 95, low: 90, break: leastPercent },
  incremental: true,
  incrementalFile: 'tmp/mutation/state.json',
  tempDirName: 'tmp/mutation/sandboxes',
  reporters: ['clear-text', 'html', 'json', 'each-file'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  htmlReporter: { fileName: 'tmp/mutation/report.html' },
  jsonReporter: { fileName: 'tmp/mutation/report.json' },
  ignorePatterns: ['/tmp', '/apps', '/.toolchain', 'bench/peers', 'coverage', 'dist', '.turbo'],
};

// oxlint-disable-next-line import/no-default-export -- where Stryker looks for it
export default config;
