// The package's one error class and its literal codes (docs/spec/relay.md, "Errors").

/** What a relay answers, as `{ code, message }` with a 4xx or 5xx status. */
export type RelayAnswerCode =
  | 'relay/bad-request'
  | 'relay/bad-encoding'
  | 'relay/torn'
  | 'relay/digest'
  | 'relay/book-refused'
  | 'relay/quota'
  | 'relay/cosignature'
  | 'relay/standing'
  | 'relay/not-found'
  | 'relay/unknown-book'
  | 'relay/empty'
  | 'relay/not-cosigned'
  | 'relay/method'
  | 'relay/too-large'
  | 'relay/encoding'
  | 'relay/beyond-end'
  | 'relay/claim-alarm'
  | 'relay/home-away'
  | 'relay/mirror-behind'
  | 'relay/retired'
  | 'relay/protocol'
  | 'relay/unsigned'
  | 'relay/signature'
  | 'relay/clock'
  | 'relay/replayed'
  | 'relay/not-enrolled'
  | 'relay/revoked'
  | 'relay/scope'
  | 'relay/not-yours'
  | 'relay/changed'
  | 'relay/rate'
  | 'relay/busy'
  | 'relay/failed';

/** What a client or a follower throws of its own accord. */
export type RelayClientCode =
  | 'relay/unreachable'
  | 'relay/aborted'
  | 'relay/bad-answer'
  | 'relay/refused'
  | 'relay/bad-note'
  | 'relay/bad-page'
  | 'relay/bad-signature'
  | 'relay/inconsistent'
  | 'relay/rolled-back'
  | 'relay/mirror-damaged'
  | 'relay/mirror-format'
  | 'relay/mirror-missing'
  | 'relay/mirror-other'
  | 'relay/mirror-stale';

/** What a relay store or a relay throws at its operator. */
export type RelayStoreCode = 'relay/conflict' | 'relay/fenced' | 'relay/identity' | 'relay/store' | 'relay/store-busy';

export type RelayCode = RelayAnswerCode | RelayClientCode | RelayStoreCode;

export interface RelayErrorOptions {
  readonly cause?: unknown;
  readonly status?: number;
  readonly evidence?: readonly string[];
  readonly details?: RefusalDetails;
}

/** What some refusals say beside code and message. */
export interface RefusalDetails {
  /** `relay/clock`: the relay's time. `relay/changed`: a time by which to sign. */
  readonly nowMs?: number;
  /** `relay/protocol`: the versions that the relay speaks. */
  readonly protocols?: ProtocolRange;
  /** `relay/rate`, `relay/busy`: after how many seconds to try again. */
  readonly retryAfterSeconds?: number;
  /** `relay/retired`: the epoch, key and address of the relay that the book appointed since, for people; a device believes the op that did so. */
  readonly epoch?: number;
  readonly relay?: string;
  readonly address?: string;
}

/** Versions of the protocol, both included. */
export interface ProtocolRange {
  readonly from: number;
  readonly to: number;
}

/** Everything this package throws. Branch on `code`, never on the message. */
export class RelayError extends Error {
  override readonly name = 'RelayError';
  readonly code: RelayCode;
  /** The HTTP status a relay answered with. */
  readonly status: number | undefined;
  /** Notes signed by the relay itself that contradict each other: ours first. Of `relay/mirror-stale`, that of the mirror alone, which may contradict ours. */
  readonly evidence: readonly string[];
  readonly details: RefusalDetails;

  constructor(code: RelayCode, message: string, options: RelayErrorOptions = {}) {
    super(`${code}: ${message}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = options.status;
    this.evidence = options.evidence ?? [];
    this.details = options.details ?? {};
  }
}

/** The status each refusal of a relay travels with. */
export const statusByCode: Readonly<Record<RelayAnswerCode, number>> = {
  'relay/bad-request': 400,
  'relay/bad-encoding': 400,
  'relay/torn': 400,
  'relay/digest': 400,
  'relay/protocol': 400,
  'relay/unsigned': 401,
  'relay/signature': 401,
  'relay/clock': 401,
  'relay/replayed': 401,
  'relay/not-enrolled': 403,
  'relay/revoked': 403,
  'relay/scope': 403,
  'relay/not-yours': 403,
  'relay/book-refused': 403,
  'relay/quota': 403,
  'relay/cosignature': 403,
  'relay/standing': 403,
  'relay/not-found': 404,
  'relay/unknown-book': 404,
  'relay/empty': 404,
  'relay/not-cosigned': 404,
  'relay/method': 405,
  'relay/too-large': 413,
  'relay/encoding': 415,
  'relay/beyond-end': 416,
  'relay/rate': 429,
  'relay/failed': 500,
  'relay/claim-alarm': 409,
  'relay/mirror-behind': 409,
  'relay/retired': 409,
  'relay/changed': 409,
  'relay/home-away': 424,
  'relay/busy': 503,
};

/** The code if a relay may answer with it, or undefined. */
export function parseAnswerCode(x: unknown): RelayAnswerCode | undefined {
  return typeof x === 'string' && Object.hasOwn(statusByCode, x) ? (x as RelayAnswerCode) : undefined;
}
