// Tokens that are bound to a customer's wallet: the till asks the wallet with a challenge of its own, and keeps what it answered until the sale is
// paid. It is kept for this book in memory alone: after a restart the wallet is asked again.
import type { ShownToken, Token } from '@tallystick/sign/token';
import type { OpenShop } from './open-shop.ts';
import type { Failed } from './entry.ts';
import type { Outcome } from './port.ts';
import { tillCrypto } from './till-book.ts';

/** How long a challenge may wait for its answer (docs/spec/token.md), and an answer for the sale. */
const askMs = 60_000;
const answerMs = 15 * 60_000;
const challengeBytes = 32;

interface Showing {
  readonly challenge: Uint8Array;
  readonly at: number;
  readonly answer?: Required<ShownToken>;
}

/** What a wallet showed, with the challenge that it answered. */
export interface WalletShowing extends Required<ShownToken> {
  readonly challenge: Uint8Array;
}

const showingsByBook = new WeakMap<OpenShop['book'], Map<string, Showing>>();

function showingsOf({ book }: Pick<OpenShop, 'book'>): Map<string, Showing> {
  const known = showingsByBook.get(book) ?? new Map<string, Showing>();
  showingsByBook.set(book, known);
  return known;
}

/** The text that a wallet is asked with; asking again ends what was asked before. */
export async function askWallet(shop: OpenShop, url: string): Promise<Outcome<string>> {
  const { encodeAsk } = await import('@tallystick/sign/token');
  const token = await parseUrl(url);
  if (!token.ok) return token;
  const challenge = crypto.getRandomValues(new Uint8Array(challengeBytes));
  showingsOf(shop).set(token.value.hash, { challenge, at: Date.now() });
  return { ok: true, value: encodeAsk({ hash: token.value.hash, challenge }) };
}

/** Takes the answer to the challenge that is open; each is taken once, whatever it turns out to be. */
export async function hearWallet(shop: OpenShop, url: string, text: string, now: number): Promise<Failed | undefined> {
  const { parseAnswer } = await import('@tallystick/sign/token');
  const token = await parseUrl(url);
  if (!token.ok) return token;
  const showings = showingsOf(shop);
  const { hash } = token.value;
  const open = showings.get(hash);
  const { hasher } = await tillCrypto();
  const read = parseAnswer(text.trim(), hasher);
  if (!read.ok) return read;
  showings.delete(hash);
  if (open === undefined || open.answer !== undefined || now - open.at > askMs)
    return { ok: false, code: 'till/ask-over', message: 'Nothing is asked of this wallet now.' };
  showings.set(hash, { challenge: open.challenge, at: now, answer: read.value });
  return undefined;
}

/** Its answer counts for nothing: it did not verify. */
export function forgetWallet(shop: OpenShop, token: string): void {
  showingsOf(shop).delete(token);
}

/** What this token's wallet showed for the sale that is being paid. */
export function walletShowing(shop: OpenShop, token: string, now: number): WalletShowing | undefined {
  const showing = showingsOf(shop).get(token);
  if (showing?.answer === undefined || now - showing.at > answerMs) return undefined;
  return { challenge: showing.challenge, ...showing.answer };
}

async function parseUrl(url: string): Promise<Outcome<Token>> {
  const { parseTokenUrl } = await import('@tallystick/sign/token');
  const { hasher } = await tillCrypto();
  return parseTokenUrl(url.trim(), hasher);
}
