/** Who decides must be another person than who entered or asked: told by their devices, and by whom these spend for. */
import { spenders } from '@tallystick/guards';
import type { OpFacts, View } from '@tallystick/kernel';

/** Whether the author of the op is who used that device: by the same device, or by another that spends for the same subject. */
export function isSamePerson(view: View, op: OpFacts, device: string): boolean {
  const subject = view.hq.get(spenders, { device: op.device })?.subject ?? '';
  return device === op.device || (subject !== '' && view.hq.get(spenders, { device })?.subject === subject);
}
