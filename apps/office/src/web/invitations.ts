// Invitations: secrets that let one device join, or one wiped browser ask for the key of its till, once. Only their hashes are kept, in
// memory: whoever reads this process's data directory learns nothing, and a restart withdraws what was not used.
import { hash, randomBytes } from 'node:crypto';

const maxOpen = 256;

/** Whether an invitation may be used by a device now. */
export type InvitationVerdict<About> =
  | { readonly ok: true; readonly about: About | undefined }
  | { readonly ok: false; readonly code: 'office/invitation-unknown' | 'office/invitation-used' };

export interface Invitations<About = string> {
  /** A new secret, 64 hex digits, valid for `lifetimeMs`; `about` is what it is for: the device that it concerns, or the place that is free. */
  invite(lifetimeMs: number, about?: About): string;
  /**
   * Binds an invitation to the device that uses it. The same device may use it again, because an answer can be lost on the
   * way; any other device is refused.
   */
  claim(secret: string, device: string): InvitationVerdict<About>;
  /** Gives a claim back when the device was refused for another reason. */
  giveBack(secret: string, device: string): void;
  /** Invitations that nobody has used yet. */
  open(): number;
}

interface Invitation<About> {
  readonly expiresMs: number;
  readonly about: About | undefined;
  device: string | undefined;
}

/** Invitations that live as long as this object; `now` is a millisecond clock. */
export function createInvitations<About = string>(now: () => number = Date.now): Invitations<About> {
  const bySecretHash = new Map<string, Invitation<About>>();
  const keyOf = (secret: string): string => hash('sha256', secret, 'hex');
  const sweep = (): void => {
    for (const [key, invitation] of bySecretHash) if (invitation.expiresMs <= now()) bySecretHash.delete(key);
    // The oldest go first: a Map keeps insertion order.
    for (const key of bySecretHash.keys()) if (bySecretHash.size >= maxOpen) bySecretHash.delete(key);
  };
  return {
    invite(lifetimeMs, about) {
      sweep();
      const secret = randomBytes(32).toString('hex');
      bySecretHash.set(keyOf(secret), { expiresMs: now() + lifetimeMs, about, device: undefined });
      return secret;
    },
    claim(secret, device) {
      const invitation = bySecretHash.get(keyOf(secret));
      if (invitation === undefined || invitation.expiresMs <= now())
        return { ok: false, code: 'office/invitation-unknown' };
      if (invitation.device !== undefined && invitation.device !== device)
        return { ok: false, code: 'office/invitation-used' };
      invitation.device = device;
      return { ok: true, about: invitation.about };
    },
    giveBack(secret, device) {
      const invitation = bySecretHash.get(keyOf(secret));
      if (invitation?.device === device) invitation.device = undefined;
    },
    open: () =>
      [...bySecretHash.values()].filter((invitation) => invitation.device === undefined && invitation.expiresMs > now())
        .length,
  };
}
