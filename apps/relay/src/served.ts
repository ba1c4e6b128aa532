// What a request came to, for the log, the metrics and the traces.
import type { Asked } from './request-kind.ts';

export interface Served extends Asked {
  /** 499 where the asker went away before the answer was out. */
  readonly status: number;
  /** Of a refusal, as in docs/spec/relay.md. */
  readonly code: string | undefined;
  readonly durationMs: number;
}

export const clientLeft = 499;

/** Of a refusal in JSON. */
export function codeIn(body: string): string | undefined {
  return /^\{"code":"(relay\/[a-z-]+)"/.exec(body)?.[1];
}
