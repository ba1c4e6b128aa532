// The invitation a back office hands to a new till: a link ending in `#join=<base64url JSON>`, or that code by itself.

export interface Invitation {
  /** Origin and path of the office, without a closing slash. */
  readonly office: string;
  /** Lets one till in, once. */
  readonly secret: string;
}

export type InvitationResult =
  | { readonly ok: true; readonly value: Invitation }
  | { readonly ok: false; readonly code: 'invitation/empty' | 'invitation/unreadable' | 'invitation/office' };

const longestCode = 4_096;

/** Reads a pasted link, a bare code, or the JSON itself. Never throws. */
export function parseInvitation(pasted: string): InvitationResult {
  const text = pasted.trim();
  if (text === '') return { ok: false, code: 'invitation/empty' };
  const mark = text.indexOf('#join=');
  const code = mark === -1 ? text : text.slice(mark + '#join='.length);
  if (code.length > longestCode) return { ok: false, code: 'invitation/unreadable' };
  const json = code.startsWith('{') ? parseJson(code) : parseJson(decodeBase64Url(code) ?? '');
  if (typeof json !== 'object' || json === null) return { ok: false, code: 'invitation/unreadable' };
  const { office, secret } = json as { office?: unknown; secret?: unknown };
  if (typeof secret !== 'string' || secret === '') return { ok: false, code: 'invitation/unreadable' };
  const address = parseOffice(office);
  if (address === undefined) return { ok: false, code: 'invitation/office' };
  return { ok: true, value: { office: address, secret } };
}

/** The link form: what a QR code or a message carries. */
export function encodeInvitation(till: string, invitation: Invitation): string {
  const bytes = new TextEncoder().encode(JSON.stringify(invitation));
  const base64 = btoa(String.fromCharCode(...bytes));
  return `${till}#join=${base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')}`;
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
