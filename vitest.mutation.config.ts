// The tests that the mutation run judges: those of the protocol core that run in Node. Left out are a killed process, the
// documents, which are read beside the source text, and the published Ed25519 cases, which take too long for every mutant. A package is
// judged by its own tests alone: what the others import of it is read outside the copy in which it is changed.
import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  test: {
    environment: 'node',
    include: [
      'packages/oplog/test/{brands,canonical,op,record,vectors}{,.property}.test.ts',
      'packages/chain/test/*.test.ts',
      'packages/sign/test/{acceptance,ed25519,key-cache,op-signature,record-bits,roles,roster*,rotation*,vectors}.test.ts',
      'packages/sign/test/token.{property,vectors}.test.ts',
    ],
    exclude: ['**/docs.test.ts', '**/*.browser.test.ts'],
    setupFiles: ['scripts/mutation-setup.ts'],
    isolate: false,
    testTimeout: 20_000,
  },
});

export default config;
