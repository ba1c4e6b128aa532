// What the kernel's own verbs take and do, what judges keys, and what spares a tail its taking back, loaded together: see acts.ts.
import type { ActCode } from './acts.ts';
import { relayAppoint } from './appointment.ts';
import { bookOpen, dayOpen, policyDay } from './book-verbs.ts';
import { bookAttest } from './certificates.ts';
import { deviceAdmit, deviceEnroll, deviceRevoke, deviceRotate, policyRevoke } from './device-verbs.ts';
import { manifestAdopt } from './manifest.ts';
import { keyOverrule, recoverySet } from './overrule.ts';
import { deviceDismiss, deviceRecover } from './recovery.ts';

export { logFileChanges } from '@tallystick/oplog/file';
export { judgeRotation } from '@tallystick/sign';
export { proveRotation } from '@tallystick/sign/rotation';
export { choosePlatformEd25519, createIndexedDbKeyStore, nobleEd25519 } from '@tallystick/sign/judging';
export { build } from './build.ts';
export { learn } from './enrolled-by.ts';
export { saveImage } from './image-save.ts';
export { chooseKind, openIndexedDbLog, readDatabase, readFile } from './log-place.ts';
export { shapesByName } from './manifest.ts';
export { openGenesis } from './new-book.ts';
export { TailConflicts } from './tail-conflicts.ts';
export { savePages } from './paged-file-save.ts';
export { encodeWhole, readWhole } from './whole-image.ts';
export { decodeTouch, touchOf } from './tail-touch.ts';

/** By `name@version`. */
export const codeByRef: Readonly<Record<string, ActCode<unknown>>> = {
  'book.open@1': bookOpen,
  'device.enroll@1': deviceEnroll,
  'device.admit@1': deviceAdmit,
  'device.rotate@1': deviceRotate,
  'device.revoke@1': deviceRevoke,
  'policy.revoke@1': policyRevoke,
  'device.recover@1': deviceRecover,
  'device.dismiss@1': deviceDismiss,
  'recovery.set@1': recoverySet,
  'key.overrule@1': keyOverrule,
  'day.open@1': dayOpen,
  'policy.day@1': policyDay,
  'manifest.adopt@1': manifestAdopt,
  'book.attest@1': bookAttest,
  'relay.appoint@1': relayAppoint,
};
