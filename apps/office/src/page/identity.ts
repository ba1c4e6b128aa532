// A file with an organisation's identity, as a person chooses it in a dialog: it is read here and kept nowhere.

/** The identity in the text of such a file; undefined where there is none. */
export function identityIn(text: string): string | undefined {
  return text
    .split(/\r?\n/)
    .find((line) => line.startsWith('AGE-SECRET-KEY-'))
    ?.trim();
}
