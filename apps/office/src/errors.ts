// The one error class of the office app. A command turns it into one line on stderr and an exit status.

/** Literal codes an OfficeError carries; the README lists when each one occurs. */
export type OfficeErrorCode =
  | 'office/usage'
  | 'office/no-file'
  | 'office/not-a-file'
  | 'office/gzip'
  | 'office/header'
  | 'office/row'
  | 'office/empty'
  | 'office/file-changed'
  | 'office/invoice-changed'
  | 'office/currency'
  | 'office/no-book'
  | 'office/book-exists'
  | 'office/busy'
  | 'office/data'
  | 'office/settings'
  | 'office/refused'
  | 'office/relay'
  | 'office/proof'
  | 'office/build'
  | 'office/address'
  | 'office/device'
  | 'office/keys'
  | 'office/subject'
  | 'office/mirror'
  | 'office/backup'
  | 'office/frames';

/** Where in an input file an error was found: `line` counts from 1 with the header, `row` from 1 without it. */
export interface FilePlace {
  readonly file: string;
  readonly line?: number;
  readonly row?: number;
}

/** Everything the office throws on purpose. `message` is whole: it already names the place. */
export class OfficeError extends Error {
  override readonly name = 'OfficeError';
  readonly code: OfficeErrorCode;
  readonly place: FilePlace | undefined;

  constructor(code: OfficeErrorCode, message: string, options: { place?: FilePlace; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.place = options.place;
  }
}

/** An error about a place in an input file, worded `FILE:LINE: row N: reason` so that editors can jump to it. */
export function fileError(code: OfficeErrorCode, place: FilePlace, reason: string, cause?: unknown): OfficeError {
  const line = place.line === undefined ? '' : `:${place.line}`;
  const row = place.row === undefined ? '' : ` row ${place.row}:`;
  return new OfficeError(code, `${place.file}${line}:${row} ${reason}`, { place, cause });
}

/** What somebody else threw, in its words. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
