// The one error class of this package. It is thrown for a caller's own mistake; a hostile input is answered, never thrown at.
export type ChainErrorCode =
  | 'chain/frontier'
  | 'chain/node-missing'
  | 'chain/proof-range'
  | 'chain/note-name'
  | 'chain/note-body'
  | 'chain/checkpoint';

export class ChainError extends Error {
  readonly code: ChainErrorCode;

  constructor(code: ChainErrorCode, message: string, options?: { cause?: unknown }) {
    super(`${code}: ${message}`, options);
    this.name = 'ChainError';
    this.code = code;
  }
}
