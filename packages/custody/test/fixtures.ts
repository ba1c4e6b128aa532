// What the tests of custody share: a book whose device signs, and who must be able to tell.
import { portableHasher } from '@tallystick/chain';
import { encodeHex, parseBookId, parseOpId, parseScope, parseVerbRef } from '@tallystick/oplog';
import { createRecordVerifier, type DeviceKey, nobleEd25519, signOp } from '@tallystick/sign';

export function minted<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the fixture is malformed');
  return value;
}

/** The value of an outcome that must be one. */
export function valueOf<T>(result: { readonly ok: true; readonly value: T } | { readonly ok: false }): T {
  if (result.ok) return result.value;
  throw new Error(`refused: ${JSON.stringify(result)}`);
}

const scope = minted(parseScope('hq'));

/** The book that this key opens. Answers whether another handle of a key, made later, still signs for the same device in it. */
export async function openBook(root: DeviceKey): Promise<(key: DeviceKey) => Promise<boolean>> {
  const base = { at: 1_764_500_000_000, device: root.device, scope };
  const args = { key: encodeHex(root.publicKey), name: 'Corner shop', verbs: [] };
  const id = minted(parseOpId('019acf63-7a00-7000-8000-000000000001'));
  const open = { ...base, args, id, seq: 1, verb: minted(parseVerbRef('book.open@1')) };
  const genesis = await signOp(open, root, undefined, portableHasher);
  const book = minted(parseBookId(genesis.hash));
  const publicKeyOf = (keyId: string, device: string) =>
    keyId === root.keyId && device === root.device ? root.publicKey : undefined;
  const verify = createRecordVerifier({ book, ed25519: nobleEd25519, publicKeyOf });
  return async (key) => {
    const next = { ...base, args: { day: '2026-11-21' }, prev: genesis.hash, seq: 2 };
    const op = {
      ...next,
      id: minted(parseOpId('019acf63-7a00-7000-8000-000000000002')),
      verb: minted(parseVerbRef('day.open@1')),
      device: key.device,
    };
    return key.device === root.device && (await verify(await signOp(op, key, book, portableHasher)));
  };
}
