// A seal by passphrase for the key files of `@tallystick/sign/node`.
import type { MaybePromise } from '@tallystick/oplog';
import { CustodyError } from './errors.ts';
import { openSealed, sealText } from './sealed.ts';

export interface PassphraseSealOptions {
  /** Asked each time a key file is read or written: a prompt, a credential of the service manager, a secrets agent. */
  passphrase(): MaybePromise<string>;
  /** Base-2 logarithm of scrypt's N, 10 to 18; 18 by default (256 MiB and about a second). */
  readonly workFactor?: number;
}

export interface PassphraseSeal {
  seal(keyText: string): Promise<string>;
  /** Throws a `CustodyError` with the code that `openBackup` would return: `custody/no-match` for a wrong passphrase. */
  open(sealed: string): Promise<string>;
}

export function createPassphraseSeal({ passphrase, workFactor }: PassphraseSealOptions): PassphraseSeal {
  return {
    async seal(keyText) {
      const factor = workFactor === undefined ? {} : { workFactor };
      return sealText(keyText, { kind: 'passphrase', passphrase: await passphrase(), ...factor });
    },
    async open(sealed) {
      const opened = await openSealed(sealed, { kind: 'passphrase', passphrase: await passphrase() });
      if (opened.ok) return opened.value;
      throw new CustodyError(opened.code, opened.message, { cause: opened.cause });
    },
  };
}
