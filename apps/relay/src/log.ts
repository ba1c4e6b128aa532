// One JSON object a line. Ids and counts only: no op bodies, no addresses, no names. An own dozen lines rather than a logging
// library, because there is nothing to configure, rotate or redact.

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  readonly [field: string]: unknown;
}

export type Log = (line: LogLine) => void;

export function createJsonLog(write: (text: string) => void, now: () => Date = () => new Date()): Log {
  return (line) => write(`${JSON.stringify({ time: now().toISOString(), ...line })}\n`);
}

/** What of an error an operator needs; the message of anything unforeseen is in its stack. */
export function errorToFields(error: unknown): { code?: unknown; error: string } {
  if (!(error instanceof Error)) return { error: String(error) };
  const text = error.stack ?? error.message;
  const cause = error.cause instanceof Error ? `\ncaused by ${error.cause.stack ?? error.cause.message}` : '';
  return 'code' in error ? { code: error.code, error: text + cause } : { error: text + cause };
}
