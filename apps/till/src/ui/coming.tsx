// Said where old documents are asked for that are still to come from a backup.
import type { VNode } from 'preact';
import { refusalText } from '../model/words.ts';
import { useTill } from '../state/context.ts';
import { Fault } from './fault.tsx';

export function Coming(): VNode | null {
  const { isComing, comingPercent, comingFault } = useTill().state.value;
  if (!isComing) return null;
  if (comingFault !== undefined) return <Fault text={refusalText('till/rows', comingFault)} />;
  return (
    <p class="coming" role="status">
      What was sold before the backup is still coming{comingPercent > 0 && `: ${comingPercent} %`}…
    </p>
  );
}
