// The links a back office hands to a till: `#join=<base64url JSON>` lets a new one in, `#restore=<…>` gives a wiped one its key back. Either
// may be pasted whole, as the code alone, or as the JSON itself.

export interface Invitation {
  /** Origin and path of the office, without a closing slash. */
  readonly office: string;
  /** Lets one till in, once. */
  readonly secret: string;
  /** Age recipients that the organisation wants the till's key sealed to; empty where it keeps no escrow. */
  readonly escrow: readonly string[];
}

export type InvitationResult =
  | { readonly ok: true; readonly value: Invitation }
  | { readonly ok: false; readonly code: 'invitation/empty' | 'invitation/unreadable' | 'invitation/office' };

export type LinkKind = 'join' | 'restore';

const longestCode = 24_576;
const mostRecipients = 8;

/** Which of the links this is; undefined for a bare code, which does not say. */
export function linkKindOf(pasted: string): LinkKind | undefined {
  return /#(join|restore)=/.exec(pasted)?.[1] as LinkKind | undefined;
}

/** Never throws. */
export function parseInvitation(pasted: string): InvitationResult {
  const text = pasted.trim();
  if (text === '') return { ok: false, code: 'invitation/empty' };
  const code = text.replace(/^[^]*?#(join|restore)=/, '');
  if (code.length > longestCode) return { ok: false, code: 'invitation/unreadable' };
  const json = code.startsWith('{') ? parseJson(code) : parseJson(decodeBase64Url(code) ?? '');
  if (typeof json !== 'object' || json === null) return { ok: false, code: 'invitation/unreadable' };
  const { office, secret, escrow = [] } = json as { office?: unknown; secret?: unknown; escrow?: unknown };
  if (typeof secret !== 'string' || secret === '') return { ok: false, code: 'invitation/unreadable' };
  if (!isRecipients(escrow)) return { ok: false, code: 'invitation/unreadable' };
  const address = parseOffice(office);
  if (address === undefined) return { ok: false, code: 'invitation/office' };
  return { ok: true, value: { office: address, secret, escrow } };
}

/** The link form: what a QR code or a message carries. */
export function encodeInvitation(till: string, invitation: Invitation, kind: LinkKind = 'join'): string {
  const bytes = new TextEncoder().encode(JSON.stringify(invitation));
  const base64 = btoa(String.fromCharCode(...bytes));
  return `${till}#${kind}=${base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')}`;
}

function isRecipients(value: unknown): value is readonly string[] {
  if (!Array.isArray(value) || value.length > mostRecipients) return false;
  return value.every((recipient) => typeof recipient === 'string' && recipient.startsWith('age1'));
}

function parseOffice(value: unknown): string | undefined {
  if (typeof value !== 'string' || !URL.canParse(value)) return undefined;
  const url = new URL(value);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined;
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function decodeBase64Url(code: string): string | undefined {
  try {
    const binary = atob(code.replaceAll('-', '+').replaceAll('_', '/'));
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(binary, (char) => char.charCodeAt(0)));
  } catch {
    return undefined;
  }
}
