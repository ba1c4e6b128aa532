// Who sends a request: the relay's side of docs/spec/relay.md, "Authentication". Cheap checks first, the signature last.
import type { BookId, DeviceId } from '@tallystick/oplog';
import { parseDeviceId } from '@tallystick/oplog';
import type { Ed25519 } from '@tallystick/sign';
import type { Roster } from '@tallystick/sign/roster';
import { isSignatureError, type UntrustedSignatureCandidate, verifySignature } from 'http-message-sig';
import { requireEnrolled } from './access.ts';
import { RelayError } from './errors.ts';
import { createNonces } from './nonces.ts';
import { type Rates, tooMany } from './rates.ts';
import { maxLifetimeSeconds, maxSkewSeconds, signatureLabel, signedComponentsOf } from './request-signature.ts';

export interface AuthenticationOptions {
  readonly ed25519: Ed25519;
  /** `relayIdOf` this relay. */
  readonly relay: string;
  /** Where devices reach the relay, `https://relay.example/prefix`; the address that a request names when left out. */
  readonly url?: string | undefined;
  readonly maxNonces: number;
  /** How often each device may ask; who asks too often takes no nonce, so that there is room for those of others. */
  readonly rates: Pick<Rates, 'take'>;
  nowMs(): number;
}

export interface Authentication {
  /**
   * Which device of `book` signed the request, and when. Of a body the signature covers the header `content-digest`: whoever reads the body compares it with
   * that. Throws `relay/unsigned`, `relay/clock`, `relay/signature`, `relay/replayed`, `relay/not-enrolled` or
   * `relay/rate`.
   */
  authenticate(request: Request, book: BookId, roster: Roster): Promise<SignedBy>;
}

const maxHeaderLength = 2_048;
const signedFields: readonly string[] = ['content-digest', 'tallystick-relay', 'signature-input', 'signature'];
const noncePattern = /^[A-Za-z0-9_-]{16,64}$/;

export interface SignedBy {
  readonly device: DeviceId;
  /** Seconds since 1970, by the clock of the device. */
  readonly created: number;
}

interface Parameters extends SignedBy {
  readonly nonce: string;
  readonly expires: number;
}

export function createAuthentication(options: AuthenticationOptions): Authentication {
  const { ed25519, relay, url, nowMs } = options;
  const nonces = createNonces((maxLifetimeSeconds + 2 * maxSkewSeconds) * 1000, options.maxNonces);

  async function verifierOf(
    candidate: UntrustedSignatureCandidate,
    roster: Roster,
    covered: readonly string[],
  ): Promise<Verifier> {
    const { device, created, expires } = readParameters(candidate, covered);
    checkClock(created, expires, nowMs());
    requireEnrolled(roster, device);
    // One that is active nowhere still proves who it is: it may read what revoked it.
    const inForce = roster.keysInForce(device);
    const keys = inForce.length > 0 ? inForce : roster.newestKeys(device);
    return {
      algorithm: 'ed25519',
      verify: async (base, signature) => {
        for (const key of keys) if (await ed25519.verify(key, base, signature)) return true;
        return false;
      },
    };
  }

  return {
    async authenticate(request, book, roster) {
      checkHeaders(request, relay);
      const message = {
        kind: 'request',
        method: request.method,
        targetUri: url === undefined ? request.url : rebase(request.url, url),
        fields: signedFields.flatMap((name) => {
          const value = request.headers.get(name);
          return value === null ? [] : [{ name, value }];
        }),
      } as const;
      const components = signedComponentsOf(request.method);
      const policy = {
        algorithms: ['ed25519'],
        requiredComponents: components,
        requiredParameters: ['created', 'expires', 'keyid', 'nonce', 'tag'],
        // The window is checked above with a code of its own.
        clockSkew: Number.MAX_SAFE_INTEGER,
      };
      let signedBy: Parameters;
      try {
        const resolveVerifier = (candidate: UntrustedSignatureCandidate): Promise<Verifier> =>
          verifierOf(candidate, roster, components);
        const verified = await verifySignature(message, { label: signatureLabel, policy, resolveVerifier });
        signedBy = readParameters(verified, components);
      } catch (error) {
        throw explain(error);
      }
      const { device, created, nonce } = signedBy;
      const name = `${book.slice(0, 16)} ${device.slice(0, 16)} ${nonce}`;
      // What somebody else sends again counts not against the device.
      if (nonces.has(name)) throw new RelayError('relay/replayed', 'this request was sent before');
      options.rates.take(`${book} ${device}`);
      const now = nowMs();
      if (nonces.take(name, now) !== true) throw tooMany((nonces.roomAtMs() - now) / 1000);
      return { device, created };
    },
  };
}

interface Verifier {
  readonly algorithm: string;
  verify(base: Uint8Array, signature: Uint8Array): Promise<boolean>;
}

function checkHeaders({ headers }: Request, relay: string): void {
  const input = headers.get('signature-input');
  const signature = headers.get('signature');
  if (input === null && signature === null) throw new RelayError('relay/unsigned', 'reading here takes a signature');
  if (input === null || signature === null) throw badSignature('signature and signature-input come together');
  if (input.length > maxHeaderLength || signature.length > maxHeaderLength)
    throw badSignature('the headers are too long');
  if (headers.get('tallystick-relay') !== relay) throw badSignature(`it is not for this relay, which is ${relay}`);
}

function readParameters(
  { parameters, components }: Pick<UntrustedSignatureCandidate, 'parameters' | 'components'>,
  covered: readonly string[],
): Parameters {
  const { created, expires, keyid, nonce, tag } = parameters;
  const device = parseDeviceId(keyid);
  if (tag !== signatureLabel || device === undefined) throw badSignature('wrong tag or keyid');
  if (nonce === undefined || !noncePattern.test(nonce))
    throw badSignature('a nonce has 16 to 64 characters of base64url');
  if (created === undefined || expires === undefined || expires <= created || expires - created > maxLifetimeSeconds)
    throw badSignature(`it lives ${maxLifetimeSeconds} seconds at most`);
  // One list in one order: nothing is covered that somebody else on the way may have to change.
  if (components.map(({ name }) => name).join() !== covered.join())
    throw badSignature(`it covers something else than ${covered.join(' ')}`);
  return { device, nonce, created, expires };
}

function checkClock(created: number, expires: number, nowMs: number): void {
  const now = Math.floor(nowMs / 1000);
  if (created <= now + maxSkewSeconds && expires > now - maxSkewSeconds) return;
  throw new RelayError('relay/clock', 'the signature is of another time', { details: { nowMs } });
}

/** The refusals of the library have no code that a client could act upon other than this one. */
function explain(error: unknown): unknown {
  if (!isSignatureError(error)) return error;
  return error.cause instanceof RelayError ? error.cause : badSignature(error.message.slice(0, 200));
}

function badSignature(message: string): RelayError {
  return new RelayError('relay/signature', message);
}

/** Behind a proxy the path arrives without its prefix, and with whatever host the proxy speaks to. */
function rebase(requestUrl: string, publicUrl: string): string {
  const { pathname, search } = new URL(requestUrl);
  return publicUrl.replace(/\/+$/, '') + pathname + search;
}
