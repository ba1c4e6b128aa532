// Every command of the repository, by the name `npm run <name>` uses. Each line is run with the Node of the toolchain;
// the caller's arguments go to the last line. `from: 'caller'` keeps the caller's working directory, so that relative
// paths in arguments mean what they say; the rest run at the root.

const tsc = 'node_modules/@typescript/native/bin/tsc';

/** @type {Readonly<Record<string, { from?: 'caller', lines: readonly (readonly string[])[] }>>} */
export const commands = {
  start: { from: 'caller', lines: [['apps/office/src/start.ts']] },
  tally: { from: 'caller', lines: [['apps/office/src/tally.ts']] },
  relay: { from: 'caller', lines: [['apps/relay/src/main.ts']] },
  node: { from: 'caller', lines: [['scripts/run-file.ts']] },
  bench: { from: 'caller', lines: [['bench/main.ts']] },
  witness: { from: 'caller', lines: [['witnesses/main.ts']] },
  test: { lines: [['node_modules/vitest/vitest.mjs', 'run']] },
  typecheck: {
    lines: [
      [tsc, '--project', 'tsconfig.portable.json'],
      [tsc, '--project', 'tsconfig.libraries.json'],
      [tsc, '--project', 'tsconfig.json'],
    ],
  },
  lint: { lines: [['node_modules/oxlint/bin/oxlint', '--type-aware', '--deny-warnings']] },
  format: { lines: [['node_modules/@biomejs/biome/bin/biome', 'format', '--write', '.']] },
  'format:check': { lines: [['node_modules/@biomejs/biome/bin/biome', 'format', '.']] },
  layers: { lines: [['scripts/layers.ts']] },
  knip: { lines: [['node_modules/knip/bin/knip.js']] },
  build: { lines: [['node_modules/turbo/bin/turbo', 'run', 'build', '--filter=./packages/*']] },
  'package-checks': { lines: [['scripts/package-checks.ts']] },
  smoke: { lines: [['scripts/smoke.ts']] },
  examples: { from: 'caller', lines: [['scripts/examples.ts']] },
  releases: { lines: [['scripts/releases.ts']] },
  fixtures: { lines: [['scripts/fixtures.ts']] },
  'fixtures:check': { lines: [['scripts/fixtures.ts', '--check']] },
  vectors: { from: 'caller', lines: [['scripts/outside-vectors.ts']] },
  'fuzz:fleet': { from: 'caller', lines: [['packages/testkit/bin/testkit.mjs', 'fuzz']] },
  drill: { from: 'caller', lines: [['scripts/drill.ts']] },
  soak: { from: 'caller', lines: [['scripts/soak.ts']] },
  fuzz: { from: 'caller', lines: [['scripts/fuzz.ts']] },
  'fuzz:relay': { from: 'caller', lines: [['scripts/fuzz-relay.ts']] },
  'coverage:protocol': {
    lines: [
      [
        'node_modules/vitest/vitest.mjs',
        'run',
        '--coverage',
        '--coverage.include=packages/{oplog,chain,sign}/src/**/*.ts',
        ...['oplog', 'chain', 'sign'].map((name) => `--coverage.thresholds.packages/${name}/src/**.branches=95`),
        'packages/oplog',
        'packages/chain',
        'packages/sign',
      ],
    ],
  },
  mutation: { lines: [['node_modules/@stryker-mutator/core/bin/stryker.js', 'run']] },
  changeset: { lines: [['node_modules/@changesets/cli/bin.js']] },
};
