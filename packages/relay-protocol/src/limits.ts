// The bounds of a relay (docs/spec/relay.md, "Limits"). Every list, body and loop of it has one.

export interface RelayLimits {
  /** Ops in one push, and so signatures checked for one push. */
  readonly maxBatchOps: number;
  /** Bytes of one push, as sent and again after decompression. */
  readonly maxBatchBytes: number;
  /** Ops in one page; a batch that was pushed whole is served whole. */
  readonly maxPageOps: number;
  readonly maxPageBytes: number;
  /** Forked ops of one device and scope that still get positions. */
  readonly maxForks: number;
  /** Ops of one device and scope that still get positions after it was revoked or its last day was over. */
  readonly maxQuarantined: number;
  /** Devices of which a cosignature is kept for each log. */
  readonly maxCosigners: number;
  /** Bodies that are half read; for the next one, the one that has not gone on for longest is answered `relay/busy`. */
  readonly maxReceiving: number;
  /** Pushes that are here whole and wait for their turn; the next one is answered `relay/busy`. */
  readonly maxPushesInFlight: number;
  /** Bytes of both, as they come, and then as unpacked. */
  readonly maxBytesInFlight: number;
  /** Nonces of signed requests that are remembered in seven minutes; beyond them requests are answered `relay/rate`. */
  readonly maxNonces: number;
  /** Tips that one handshake may ask about. */
  readonly maxKnown: number;
  /** Of the pushes under way, those of one book, so that others keep a place. */
  readonly maxPushesPerBook: number;
  /** Signed reads of a device: so many in a second, and so many at once after a pause. */
  readonly readsPerSecond: number;
  readonly readBurst: number;
  /** Ops that a device may have stored in a second, and at once; beyond it, a push that brings ops of such devices alone waits. */
  readonly opsPerSecond: number;
  readonly opBurst: number;
  /** Devices whose rates are remembered. */
  readonly maxRates: number;
  /** Streams of the tail: in all, of a book, of a device in a book. */
  readonly maxTails: number;
  readonly maxTailsPerBook: number;
  readonly maxTailsPerDevice: number;
  /** Silence after which a listener is sent a comment; age at which a stream ends; how often a book that is listened to is looked at. In ms. */
  readonly tailBeatMs: number;
  readonly tailLifeMs: number;
  readonly tailLookMs: number;
  readonly maxBooks: number;
  /** Bytes of the records of a book; beyond it the book is served and takes no more. The last sixteenth is for ops about devices, and its last half
   * for those of an owner or manager of `hq`. */
  readonly maxBookBytes: number;
  /** Of a book; the last eighth is for an owner or manager of `hq` to open. */
  readonly maxScopes: number;
  /** Wrapped keys of a book, and their bytes. The last quarter is for an owner or manager of `hq`, and another device may have put a quarter. */
  readonly maxWrappedKeys: number;
  readonly maxWrappedKeyBytes: number;
  /** Scopes that a device which was never owner or manager in `hq` may open in a day, and at once. */
  readonly openingsPerDay: number;
}

export const defaultLimits: RelayLimits = {
  maxBatchOps: 1_000,
  maxBatchBytes: 4 << 20,
  maxPageOps: 2_000,
  maxPageBytes: 4 << 20,
  maxForks: 256,
  maxQuarantined: 4_096,
  maxCosigners: 256,
  maxReceiving: 1_024,
  maxPushesInFlight: 1_024,
  maxBytesInFlight: 128 << 20,
  maxNonces: 250_000,
  maxKnown: 64,
  maxPushesPerBook: 768,
  readsPerSecond: 50,
  readBurst: 5_000,
  opsPerSecond: 5_000,
  opBurst: 250_000,
  maxRates: 100_000,
  maxTails: 10_000,
  maxTailsPerBook: 10_000,
  maxTailsPerDevice: 8,
  tailBeatMs: 15_000,
  tailLifeMs: 15 * 60_000,
  tailLookMs: 2_000,
  maxBooks: 10_000,
  maxBookBytes: Number.POSITIVE_INFINITY,
  maxScopes: 10_000,
  maxWrappedKeys: 100_000,
  maxWrappedKeyBytes: 256 << 20,
  openingsPerDay: 64,
};
