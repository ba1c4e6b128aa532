// What the thread that speaks HTTP and the relay's own thread say to each other. Everything of one turn of an event loop goes in one message, as flat lists: an object for each
// push would cost more than the push.
import type { RelayCode, ReceptionLimits } from '@tallystick/relay-protocol/reception';

/** Where the front listens, and within which bounds. */
export interface FrontOptions {
  readonly port: number;
  readonly host: string;
  /** Where everything that is no push is asked for: a socket's path, or a port of this machine. */
  readonly inner: string | number;
  readonly maxConnections: number;
  readonly limits: ReceptionLimits;
}

/** Pushes whose bodies are here, or could not be received; each list has one item for each push. */
export interface Pushes {
  readonly kind: 'pushes';
  readonly ids: number[];
  /** With query, as they came. */
  readonly paths: string[];
  readonly encodings: (string | undefined)[];
  readonly traceparents: (string | undefined)[];
  /** From the head of the request until now, in ms. */
  readonly tookMs: number[];
  readonly failures: (Failure | undefined)[];
  /** Where each body ends in `bytes`. */
  readonly ends: number[];
  readonly bytes: ArrayBuffer;
  /** Of pushes, these or earlier ones, that nobody waits for any more. */
  readonly left: number[];
}

export interface Failure {
  readonly code: RelayCode;
  readonly message: string;
}

export interface Answers {
  readonly kind: 'answers';
  readonly ids: number[];
  readonly statuses: number[];
  /** By place in `heads`. */
  readonly headOf: number[];
  readonly heads: Readonly<Record<string, string>>[];
  readonly bodies: string[];
}

/** What an operator may ask about. */
export interface FrontState {
  readonly kind: 'state';
  readonly connections: number;
  readonly evicted: number;
  /** Of bodies that are half read or at work. */
  readonly bytes: number;
}

export type ToFront =
  | { readonly kind: 'listen'; readonly options: FrontOptions }
  | Answers
  | { readonly kind: 'close' };
export type FromFront =
  | Pushes
  | FrontState
  | { readonly kind: 'listening'; readonly url: string }
  | { readonly kind: 'not-listening'; readonly code: string; readonly message: string }
  | { readonly kind: 'closed' };
