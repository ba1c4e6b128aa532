// Said where old documents are asked for that are still to come from a backup.
import type { VNode } from 'preact';
import { useTill } from '../state/context.ts';

export function Coming(): VNode | null {
  if (!useTill().state.value.isComing) return null;
  return (
    <p class="coming" role="status">
      What was sold before the backup is still coming…
    </p>
  );
}
