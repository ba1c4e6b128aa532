// Who can open a sealed key, and with what: a passkey, an organisation's identity, or a passphrase.
import { type Decrypter, Encrypter, generateX25519Identity, identityToRecipient, webauthn } from 'age-encryption';
import { CustodyError } from './errors.ts';

/** The passkey itself, without `credential`, is asked for by the platform: all that a wiped device still has. */
export interface PasskeyRecipient {
  readonly kind: 'passkey';
  /** What `createPasskey` answered: spares the person the choice. */
  readonly credential?: string;
  /** The domain the passkey belongs to; the page's own by default. */
  readonly rpId?: string;
}

export interface OrganisationRecipient {
  readonly kind: 'organisation';
  /** 1 to 8 age recipients, `age1...`: any one of them opens. */
  readonly recipients: readonly string[];
}

export interface PassphraseRecipient {
  readonly kind: 'passphrase';
  /** At least 12 characters; unlike a device's lock code it can be tried offline, so it should be several random words. */
  readonly passphrase: string;
  /** Base-2 logarithm of scrypt's N, 10 to 18; 18 by default (256 MiB and about a second). */
  readonly workFactor?: number;
}

export type Recipient = PasskeyRecipient | OrganisationRecipient | PassphraseRecipient;

export interface OrganisationOpener {
  readonly kind: 'organisation';
  /** `AGE-SECRET-KEY-1...`. */
  readonly identity: string;
}

export type Opener =
  | PasskeyRecipient
  | OrganisationOpener
  | { readonly kind: 'passphrase'; readonly passphrase: string };

export const maxRecipients = 8;
export const maxWorkFactor = 18;
const minPassphraseUnits = 12;

/**
 * Makes a passkey that can seal. Needs a page, a platform with WebAuthn PRF, and the person. Throws `custody/passkey`, also when
 * the person declines. The answer helps to find the passkey again and is no secret.
 */
export async function createPasskey(options: { readonly name: string; readonly rpId?: string }): Promise<string> {
  const { name, rpId } = options;
  return askPlatform(async () =>
    webauthn.createCredential({ keyName: name, type: 'passkey', ...(rpId === undefined ? {} : { rpId }) }),
  );
}

/** A fresh age identity for an office that keeps escrow, and the recipient that its devices seal to. */
export async function createOrganisationIdentity(): Promise<{ identity: string; recipient: string }> {
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

/** Throws `custody/recipient` or `custody/passphrase` for what nobody could open, or anybody. */
export function createEncrypter(to: Recipient): Encrypter {
  const encrypter = new Encrypter();
  switch (to.kind) {
    case 'passkey': {
      const passkey = passkeyRecipient(to);
      encrypter.addRecipient({ wrapFileKey: async (fileKey) => askPlatform(() => passkey.wrapFileKey(fileKey)) });
      break;
    }
    case 'organisation':
      addRecipients(encrypter, to.recipients);
      break;
    case 'passphrase':
      encrypter.setPassphrase(checkPassphrase(to.passphrase));
      encrypter.setScryptWorkFactor(checkWorkFactor(to.workFactor ?? maxWorkFactor));
      break;
  }
  return encrypter;
}

/** Throws whatever the library throws for an identity that is none. */
export function addOpener(decrypter: Decrypter, opener: Opener): void {
  switch (opener.kind) {
    case 'passkey': {
      const passkey = new webauthn.WebAuthnIdentity(passkeyOptions(opener));
      decrypter.addIdentity({ unwrapFileKey: async (stanzas) => askPlatform(() => passkey.unwrapFileKey(stanzas)) });
      break;
    }
    case 'organisation':
      decrypter.addIdentity(opener.identity.trim());
      break;
    case 'passphrase':
      decrypter.addPassphrase(normalPassphrase(opener.passphrase));
      break;
  }
}

function passkeyRecipient(to: PasskeyRecipient): webauthn.WebAuthnRecipient {
  try {
    return new webauthn.WebAuthnRecipient(passkeyOptions(to));
  } catch (cause) {
    throw new CustodyError('custody/recipient', 'this is not what createPasskey answered', { cause });
  }
}

function passkeyOptions({ credential, rpId }: PasskeyRecipient): webauthn.Options {
  return {
    ...(credential === undefined ? {} : { identity: credential }),
    ...(rpId === undefined ? {} : { rpId }),
  };
}

async function askPlatform<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    throw new CustodyError('custody/passkey', 'no passkey that can seal was used: declined, or not there', { cause });
  }
}

function addRecipients(encrypter: Encrypter, recipients: readonly string[]): void {
  if (recipients.length < 1 || recipients.length > maxRecipients) {
    throw new CustodyError('custody/recipient', `1 to ${maxRecipients} recipients, not ${recipients.length}`);
  }
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient.trim());
    } catch (cause) {
      throw new CustodyError('custody/recipient', `not an age recipient: ${JSON.stringify(recipient)}`, { cause });
    }
  }
}

function checkPassphrase(passphrase: string): string {
  const normal = normalPassphrase(passphrase);
  if (normal.length >= minPassphraseUnits) return normal;
  throw new CustodyError('custody/passphrase', `a passphrase has at least ${minPassphraseUnits} characters`);
}

/** One spelling for what looks the same on different keyboards. */
function normalPassphrase(passphrase: string): string {
  return passphrase.normalize('NFKC');
}

function checkWorkFactor(workFactor: number): number {
  if (Number.isInteger(workFactor) && workFactor >= 10 && workFactor <= maxWorkFactor) return workFactor;
  throw new CustodyError('custody/passphrase', `a work factor of ${workFactor} is not 10 to ${maxWorkFactor}`);
}
