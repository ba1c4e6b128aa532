// Devices as witnesses of their relay (docs/spec/relay.md, "Cosignatures"): the newest cosignature of each device and log is kept and served.
import type { VerifySignature } from '@tallystick/chain';
import { openCosignature } from '@tallystick/chain/op-proof';
import type { BookId, DeviceId, RootHash, Scope } from '@tallystick/oplog';
import { RelayError } from './errors.ts';
import type { PushDesk } from './push.ts';
import { maxServedCosignatures } from './routes.ts';

export interface CosigningDevice {
  readonly book: BookId;
  readonly scope: Scope;
  readonly device: DeviceId;
}

/** Of a note with one cosignature. */
export const maxCosignedBytes = 16_384;

/**
 * Keeps the cosignature in `note`, a checkpoint of this log as the relay signed it with the device's line. Runs between pushes. Throws
 * `relay/cosignature` unless an active device of the book made it, under a key that it has now, of a checkpoint that this relay signs.
 */
export async function keepCosignature(
  { store, rosters, limits, checkpoints, hasher, ed25519 }: PushDesk,
  { book, scope, device }: CosigningDevice,
  note: string,
): Promise<string> {
  const roster = await rosters.of(book);
  const verify: VerifySignature = (key, message, signature) => ed25519.verify(key, message, signature);
  for (const line of linesOf(note, device)) {
    for (const publicKey of roster.keysInForce(device)) {
      const single = `${bodyOf(note)}\n${line}`;
      const opened = await openCosignature(single, { name: device, publicKey }, verify, hasher);
      if (!opened.ok) continue;
      const { size } = opened.value.checkpoint;
      const root = await store.rootAt(book, scope, size);
      if (root === undefined || (await checkpoints.bodyOf(book, scope, { size, root })) !== bodyOf(note))
        throw new RelayError('relay/cosignature', `this relay signs no such checkpoint of ${size} ops`);
      await store.cosign({ book, scope, device, size, line }, limits.maxCosigners);
      return newestOfOthers({ store, checkpoints }, roster, { book, scope, device });
    }
  }
  throw new RelayError('relay/cosignature', `no cosignature that ${device} may make`);
}

/** Devices tell one another through their relay what it showed them: whoever states something learns what another one stated last. */
async function newestOfOthers(
  { store, checkpoints }: Pick<PushDesk, 'store' | 'checkpoints'>,
  roster: Awaited<ReturnType<PushDesk['rosters']['of']>>,
  { book, scope, device }: CosigningDevice,
): Promise<string> {
  const others = (await store.cosignatures(book, scope)).filter((each) => each.device !== device);
  const newest = others.find((each) => roster.keysInForce(each.device).length > 0);
  const root = newest && (await store.rootAt(book, scope, newest.size));
  if (newest === undefined || root === undefined) return '';
  return `${await checkpoints.of(book, scope, { size: newest.size, root })}${newest.line}`;
}

/**
 * The newest checkpoint that at least `count` active devices cosigned, with their lines: a revoked one may be in the hands of a thief. Runs between
 * pushes. Throws `relay/not-cosigned`.
 */
export async function cosignedCheckpoint(
  { store, rosters, checkpoints }: PushDesk,
  { book, scope, count }: { readonly book: BookId; readonly scope: Scope; readonly count: number },
  newest: { readonly size: number; readonly root: RootHash },
): Promise<string> {
  const linesBySize = new Map<number, string[]>([[newest.size, []]]);
  const cosignatures = await store.cosignatures(book, scope);
  // Asked only where there is something to ask: it may have to be folded first.
  const roster = cosignatures.length === 0 ? undefined : await rosters.of(book);
  const active = cosignatures.filter(({ device }) => roster?.keysInForce(device).length !== 0);
  for (const { size, line } of active) linesBySize.set(size, [...(linesBySize.get(size) ?? []), line]);
  for (const [size, lines] of [...linesBySize].sort(([left], [right]) => right - left)) {
    if (lines.length < count) continue;
    const root = size === newest.size ? newest.root : await store.rootAt(book, scope, size);
    if (root === undefined) continue;
    const note = await checkpoints.of(book, scope, { size, root });
    return note + lines.slice(0, maxServedCosignatures).join('');
  }
  throw new RelayError('relay/not-cosigned', `no checkpoint of ${scope} has ${count} cosignatures`);
}

/** The text that is signed, up to the empty line. */
function bodyOf(note: string): string {
  return note.slice(0, note.lastIndexOf('\n\n') + 1);
}

/** The signature lines under this name, each with its newline. */
function linesOf(note: string, name: string): string[] {
  const lines = note.slice(note.lastIndexOf('\n\n') + 2).split('\n');
  return lines.filter((line) => line.startsWith(`— ${name} `)).map((line) => `${line}\n`);
}
