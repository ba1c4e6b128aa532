// Letting a device write in a scope beside the one that enrolled it (docs/spec/sign.md, "Admission").
import { portableHasher } from '@tallystick/chain/hashing';
import { decodeHex, encodeHex, type Json, type OpHash, parseOpHash, type Result } from '@tallystick/oplog';
import type { KeyPair } from './ed25519.ts';
import { keyIdOf } from './key-store.ts';
import { nobleEd25519 } from './noble.ts';
import { preimagesOf, proofPattern } from './preimage.ts';
import { badArgs, badKey, type EnrolArgs, isAcceptedKey, isObject, parseEnrolArgs } from './device-args.ts';

/** The verb by which a device is admitted in another scope. */
export const admitVerb = 'device.admit@1';

/** Args of `device.admit@1`: those of an enrolment, and how they follow from the one that made the device. */
export interface AdmitArgs extends EnrolArgs {
  /** The op that enrolled the device in the scope that it is from. */
  readonly enrolment: OpHash;
  /** Where `key` is not the device's first key: that one, in hex. */
  readonly first?: string;
  /** With `first`: its signature over the enrolment and `key`, in hex. */
  readonly proof?: string;
}

const admission = preimagesOf('admit');

/** "tallystick/admit/1\n" || hash of the enrolment (32 raw bytes) || key of the admission (32 bytes). */
export function admissionPreimage(enrolment: OpHash, publicKey: Uint8Array): Uint8Array {
  return admission(decodeHex(enrolment), publicKey);
}

/** By what a device shows that it goes on under `publicKey`, for the args of its admission. Throws when the signer does. */
export async function proveAdmission(
  enrolment: OpHash,
  publicKey: Uint8Array,
  first: KeyPair,
): Promise<Required<Pick<AdmitArgs, 'first' | 'proof'>>> {
  const proof = await first.sign(admissionPreimage(enrolment, publicKey));
  return { first: encodeHex(first.publicKey), proof: encodeHex(proof) };
}

/**
 * Refusals: `sign/args`, `sign/key`, `sign/device` (neither `key` nor `first` is the device's), `sign/proof` (the first key did not
 * vouch for `key`). Answers at once, by the portable code: admissions are rare, and the fold asks too.
 */
export function parseAdmitArgs(value: Json): Result<AdmitArgs> {
  if (!isObject(value)) return badArgs(admitVerb);
  const { enrolment: link, first, proof, ...enrolling } = value;
  const enrolment = parseOpHash(link);
  if (enrolment === undefined) return badArgs(admitVerb);
  const parsed = parseEnrolArgs(enrolling, admitVerb);
  if (!parsed.ok) return parsed;
  const { device, key } = parsed.value;
  const admitted = { ...parsed.value, enrolment };
  if (idOf(key) === device) {
    return first === undefined && proof === undefined ? { ok: true, value: admitted } : badArgs(admitVerb);
  }
  if (first === undefined && proof === undefined) return notTheKeyOf(device);
  if (first === undefined || typeof proof !== 'string' || !proofPattern.test(proof)) return badArgs(admitVerb);
  if (!isAcceptedKey(first)) return badKey(first);
  if (idOf(first) !== device) return notTheKeyOf(device);
  const message = admissionPreimage(enrolment, decodeHex(key));
  const isProven = nobleEd25519.verify(decodeHex(first), message, decodeHex(proof)) === true;
  if (!isProven) return { ok: false, code: 'sign/proof', message: 'the first key did not vouch for this one' };
  return { ok: true, value: { ...admitted, first, proof } };
}

function idOf(key: string): string {
  return keyIdOf(decodeHex(key), portableHasher);
}

function notTheKeyOf(device: string): Result<never> {
  return { ok: false, code: 'sign/device', message: `device ${device} is not the hash of its first key` };
}
