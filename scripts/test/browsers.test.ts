// The same page in every browser there is: published cases, our own vectors and a bare worker, each with Node's answer.
import { portableHasher } from '@tallystick/chain';
import { nodeHasher } from '@tallystick/chain/node';
import { nobleEd25519, webCryptoEd25519 } from '@tallystick/sign';
import { nodeEd25519 } from '@tallystick/sign/node';
import { beforeAll, describe, expect, test } from 'vitest';
import { tradeAndAdmit } from '../browsers/admission.ts';
import { findBrowsers, runPage } from '../browsers/browsers.ts';
import { type Bundles, bundlePage, runSuitesInNode } from '../browsers/bundle.ts';
import type { PageReport } from '../browsers/page.ts';
import type { Outcome } from '../browsers/suite.ts';
import { collectVerdicts } from '../browsers/verdicts.ts';
import { publishedFolder, readPublished } from '../outside-vectors.ts';
import { isMissing } from '../test-environment.ts';

const runTimeoutMs = 240_000;
/** The contract of log stores, what a browser's log does beyond, and a damaged one brought back. */
const logTests = 36;
/** The image of rows, where there are files. */
const imageTests = 6;
const folder = publishedFolder();
const published = folder === undefined ? [] : readPublished(folder);
let bundles: Bundles;
let suitesInNode: Outcome[];

beforeAll(async () => {
  bundles = await bundlePage();
  suitesInNode = await runSuitesInNode(bundles);
}, runTimeoutMs);

const browsers = findBrowsers();

for (const browser of browsers) {
  describe.skipIf(isMissing(browser.needs, browser.open))(`in ${browser.name}`, () => {
    let report: PageReport;

    beforeAll(async () => {
      report = await runPage(browser, bundles, published);
    }, runTimeoutMs);

    test.skipIf(isMissing('the folder of published vectors', folder))(
      'judges every published case as Node',
      async () => {
        const native = isMissing(`Ed25519 in the WebCrypto of ${browser.name}`, report.hasEd25519)
          ? {}
          : { webcrypto: webCryptoEd25519().verify };
        const ed25519 = { noble: nobleEd25519.verify, ...native };
        const inNode = await collectVerdicts(published, { ed25519, hashers: { portable: portableHasher } });
        expect(inNode.length).toBeGreaterThan(0);
        expect(report.verdicts).toEqual(inNode);
      },
    );

    test('judges our own vectors as Node', () => {
      expect(suitesInNode.filter(({ failure }) => failure !== undefined)).toEqual([]);
      expect(report.fixtures.map(({ name, failure }) => ({ name, failure }))).toEqual(suitesInNode);
    });

    test('is given the Ed25519 of its own where it has one', () => {
      expect(report.chosenEd25519).toBe(report.hasEd25519 ? 'webcrypto' : 'noble');
    });

    test('keeps the log of a book in a worker, durable and for one tab at a time', () => {
      expect(report.log.outcomes.filter(({ failure }) => failure !== undefined)).toEqual([]);
      const kinds = browser.name === 'WebKit' ? ['indexeddb'] : ['opfs', 'indexeddb'];
      expect(report.log.chosen).toBe(kinds[0]);
      expect(report.log.outcomes.length).toBe(kinds.length * logTests + (kinds[0] === 'opfs' ? imageTests : 0));
    });

    test('signs, verifies and admits in a bare worker by JavaScript alone', async () => {
      const inNode = await tradeAndAdmit(nodeEd25519, nodeHasher);
      expect(report.worker).toEqual({ pageGlobals: [], subtleUses: 0, isTrapSet: true, admission: inNode });
    });
  });
}

const anyBrowser = browsers.find(({ open }) => open !== undefined);

describe.skipIf(isMissing('any browser', anyBrowser))('a page that cannot run', () => {
  test('says why', { timeout: runTimeoutMs }, async () => {
    if (anyBrowser === undefined) throw new Error('no browser');
    await expect(runPage(anyBrowser, { ...bundles, page: 'this is no script' }, [])).rejects.toThrow(
      'the page failed: ',
    );
  });
});

test('our own vectors are those of op, chain, sign and recovery', () => {
  const protocols = suitesInNode.map(({ name }) => name.split(' > ')[0]);
  expect([...new Set(protocols)]).toEqual(['op', 'chain', 'sign', 'recovery', 'a backup']);
});

test('the worker is built without WebCrypto, which the page is not', () => {
  expect(bundles.page).toContain('packages/sign/src/web-crypto.ts');
  expect(bundles.worker).not.toContain('packages/sign/src/web-crypto.ts');
  expect(bundles.worker).toContain('packages/sign/src/noble.ts');
});

test('the shop of the worker stores every record but the forged ones', async () => {
  const { records, stored, devices, forged } = await tradeAndAdmit(nobleEd25519, portableHasher);
  expect(stored.length).toBe(records.length);
  expect(new Set(stored).size).toBe(records.length);
  expect(devices).toEqual(['owner: Tea house', 'till: Till']);
  expect(forged).toEqual(['chain/signature', 'chain/signature']);
});
