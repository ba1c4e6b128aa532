/** Why an op waits in quarantine, and what a schema says of personal data. */

/** It is on a place of its chain that another op took first, or builds on such an op. */
export const FORK = 'kernel/fork';
/** Its device was revoked before it. */
export const REVOKED = 'kernel/revoked';
/** The last business day of its device was over before it. */
export const EXPIRED = 'kernel/expired';
/** Its key is not its device's in `hq` any more. */
export const SUPERSEDED = 'kernel/superseded';
/** A text that is personal is no envelope: the message of a schema's issue, and so the code of the refusal. */
export const IN_THE_CLEAR = 'erasure/in-the-clear';
