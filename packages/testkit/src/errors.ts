/** What the testkit throws: `testkit/impure` where a verb leaves the realm of what is recorded. */
export type TestkitErrorCode = 'testkit/impure';

export class TestkitError extends Error {
  readonly code: TestkitErrorCode;

  constructor(code: TestkitErrorCode, message: string) {
    super(message);
    this.name = 'TestkitError';
    this.code = code;
  }
}
