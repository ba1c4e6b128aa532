// Text under an age seal, armored, and files that are not (docs/spec/backup.md, "Sealed key"). All sealing is age's; here it gets bounds and codes.
import { armor, Decrypter, type Stanza } from 'age-encryption';
import { CustodyError, type CustodyResult, refuse, type SealCode } from './errors.ts';
import { addOpener, createEncrypter, maxRecipients, maxWorkFactor, type Opener, type Recipient } from './recipients.ts';

/** UTF-16 units of armored text. A key sealed to eight post-quantum recipients has about 19,000. */
const maxArmoredUnits = 32_768;

/** Throws what `createEncrypter` throws, and `custody/passkey` when the platform or the person declines. */
export async function sealText(text: string, to: Recipient): Promise<string> {
  return armor.encode(await createEncrypter(to).encrypt(text));
}

/** Never throws for anything that `armored` holds. Costs at most one scrypt of the bounded work factor or eight X25519. */
export async function openSealed(armored: string, opener: Opener): Promise<CustodyResult<string, SealCode>> {
  if (armored.length > maxArmoredUnits) return refuse('custody/not-sealed', 'this is too long for a sealed key');
  const bytes = decodeArmor(armored);
  if (bytes === undefined)
    return refuse('custody/not-sealed', 'this is not the text of a sealed key, or not all of it');
  const opened = await openSealedBytes(bytes, opener);
  return opened.ok ? { ok: true, value: new TextDecoder().decode(opened.value) } : opened;
}

/** A file of age, not armored, that any one of 1 to 8 recipients opens. Throws `custody/recipient`. Nobody is asked, so it can be done at any time. */
export async function sealBytes(bytes: Uint8Array, recipients: readonly string[]): Promise<Uint8Array> {
  const seal = (): Promise<Uint8Array> => createEncrypter({ kind: 'organisation', recipients }).encrypt(bytes);
  // WebKit fails at an X25519 key of its own now and then: a file is sealed to another one then.
  return seal().catch(seal);
}

/** Never throws for anything that `bytes` holds. */
export async function openSealedBytes(bytes: Uint8Array, opener: Opener): Promise<CustodyResult<Uint8Array, SealCode>> {
  const course = new Course();
  const decrypter = new Decrypter();
  decrypter.addIdentity({ unwrapFileKey: (stanzas) => course.begin(stanzas) });
  try {
    addOpener(decrypter, opener);
  } catch (cause) {
    return refuse('custody/opener', 'this is not an identity that opens anything', { cause });
  }
  decrypter.addIdentity({ unwrapFileKey: () => course.exhaust() });
  try {
    return { ok: true, value: await decrypter.decrypt(bytes) };
  } catch (cause) {
    return course.judge(cause);
  }
}

const identityForm = /^AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]{58,}$/;

/** An age identity as the text of a sealed backup: a passkey or a passphrase then opens what was sealed to the identity's recipient. */
export async function sealIdentity(identity: string, to: Recipient): Promise<string> {
  return sealText(`${identity}\n`, to);
}

/** Never throws for anything that `sealed` holds. */
export async function openIdentity(sealed: string, opener: Opener): Promise<CustodyResult<string, SealCode>> {
  const opened = await openSealed(sealed, opener);
  if (!opened.ok) return opened;
  const identity = opened.value.trim();
  return identityForm.test(identity)
    ? { ok: true, value: identity }
    : refuse('custody/not-a-key', 'it opens, but holds no identity');
}

function decodeArmor(armored: string): Uint8Array | undefined {
  try {
    return armor.decode(armored);
  } catch {
    return undefined;
  }
}

/** How far the library came, from an identity before the real one and one after it: its errors have no codes. */
class Course {
  #stage: 'header' | 'opener' | 'exhausted' | 'costly' = 'header';

  begin(stanzas: readonly Stanza[]): null {
    this.#stage = isBounded(stanzas) ? 'opener' : 'costly';
    if (this.#stage === 'costly') throw new RangeError('beyond the bounds of a sealed key');
    return null;
  }

  exhaust(): null {
    this.#stage = 'exhausted';
    return null;
  }

  judge(cause: unknown): CustodyResult<never, SealCode> {
    switch (this.#stage) {
      case 'header':
        return refuse('custody/not-sealed', 'this is not the text of a sealed key', { cause });
      case 'costly':
        return refuse('custody/too-costly', 'opening this would cost more than a sealed key may', { cause });
      case 'exhausted':
        return refuse(
          'custody/no-match',
          'it does not open with this: a wrong passphrase, or sealed for somebody else',
        );
      case 'opener':
        if (cause instanceof CustodyError) return refuse('custody/passkey', cause.message, { cause });
        return refuse('custody/damaged', 'it was changed after it was sealed', { cause });
    }
  }
}

function isBounded(stanzas: readonly Stanza[]): boolean {
  return (
    stanzas.length <= maxRecipients &&
    stanzas.every(({ args }) => args[0] !== 'scrypt' || !(Number(args[2]) > maxWorkFactor))
  );
}
