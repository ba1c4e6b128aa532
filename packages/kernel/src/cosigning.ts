/**
 * This device as a witness of its relay (DESIGN section 7, docs/spec/relay.md, "Cosignatures"): it cosigns the checkpoints that it has followed to from
 * those before and has stored, so that a relay cannot show others another log without being found out.
 */
import type { NoteSigner } from '@tallystick/chain';
import { cosignCheckpoint } from '@tallystick/chain/op-proof';
import type { DeviceId, Scope as ScopeName } from '@tallystick/oplog';
import { type RelayClient, RelayError } from '@tallystick/relay-protocol';
import { compareNote } from './convict.ts';
import type { OwnDevice } from './own-device.ts';
import type { Replica } from './replica.ts';
import { pinnedRelay } from './relay-key.ts';

/** The device and its key in force; its clock, in seconds since 1970. */
export interface Cosigner extends Pick<NoteSigner, 'publicKey' | 'sign'> {
  readonly device: DeviceId;
  readonly nowSeconds: number;
}

/**
 * Hands in what is new since `statedByScope`, the checkpoints that were handed in last. A relay that does not want it, or is gone again, has what it came
 * for: the next exchange tries anew.
 */
export async function stateCosigned(
  replica: Replica,
  client: RelayClient,
  cosigner: Cosigner,
  scopes: readonly ScopeName[],
  statedByScope: Map<ScopeName, string>,
): Promise<void> {
  const { device, publicKey, sign, nowSeconds } = cosigner;
  const { book, crypto } = replica;
  for (const scope of scopes) {
    const { note } = replica.log.tip(scope);
    if (book === undefined || note === '' || statedByScope.get(scope) === note) continue;
    const cosigned = await cosignCheckpoint(note, { name: device, publicKey, sign }, nowSeconds, crypto.hasher);
    try {
      const theirs = await client.cosign(book, scope, device, cosigned);
      statedByScope.set(scope, note);
      const relay = pinnedRelay(replica);
      if (theirs !== '' && relay !== undefined)
        await compareNote({ replica, client, book, scope, relay, nowMs: nowSeconds * 1000 }, theirs);
    } catch (error) {
      if (!(error instanceof RelayError)) throw error;
    }
  }
}

/** This device as a witness of its relay; undefined while it is not enrolled, or its key is not here. */
export function cosignerOf(own: OwnDevice): Cosigner | undefined {
  const keyId = own.row()?.['keyId'];
  const key = typeof keyId === 'string' ? own.ring.keyOf(keyId) : undefined;
  if (key === undefined) return undefined;
  const nowSeconds = Math.max(0, Math.floor(own.now() / 1000));
  return { device: own.id, publicKey: key.publicKey, sign: (message) => key.sign(message), nowSeconds };
}
