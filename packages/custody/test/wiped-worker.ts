// The life of a backed-up key in a worker, without a page: made in IndexedDB, wiped, restored; answers which device came back.
import { portableHasher } from '@tallystick/chain';
import { createIndexedDbKeyStore } from '@tallystick/sign';
import {
  combineShares,
  createBackedUpKey,
  createOrganisationIdentity,
  openBackup,
  parseShare,
  restoreKey,
  shareToWords,
} from '../src/index.ts';
import { minted, valueOf } from './fixtures.ts';

async function live(): Promise<Readonly<Record<string, string>>> {
  const store = (database: string) => createIndexedDbKeyStore({ hasher: portableHasher, database });
  const office = await createOrganisationIdentity();
  const { key, sealed, shares } = await createBackedUpKey(store('worker-made'), 'device', {
    sealTo: [{ kind: 'organisation', recipients: [office.recipient] }],
    shares: { threshold: 2, count: 2 },
  });
  const opened = await openBackup(minted(sealed[0]), { kind: 'organisation', identity: office.identity });
  const typed = shares.map((share) => valueOf(parseShare(shareToWords(share))));
  const byOffice = await restoreKey(store('worker-office'), 'device', valueOf(opened));
  const byShares = await restoreKey(store('worker-shares'), 'device', valueOf(await combineShares(typed)));
  const byPasskey = await openBackup(minted(sealed[0]), { kind: 'passkey' });
  return {
    made: key.device,
    byOffice: byOffice.device,
    byShares: byShares.device,
    byPasskey: byPasskey.ok ? 'opened' : byPasskey.code,
    document: typeof globalThis.document,
  };
}

live().then(
  (outcome) => globalThis.postMessage(outcome),
  (error: unknown) => globalThis.postMessage({ error: String(error) }),
);
