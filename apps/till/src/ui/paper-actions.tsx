// What is done with something that can be printed: printed, or put away.
import type { VNode } from 'preact';
import { Icon } from './icons.tsx';

export function PrintButton({ disabled }: { readonly disabled?: boolean }): VNode {
  return (
    <button type="button" class="button" disabled={disabled} onClick={() => globalThis.print()}>
      <Icon name="print" size={20} /> Print
    </button>
  );
}

export interface PaperActionsProps {
  /** There is nothing to print yet. */
  readonly isEmpty?: boolean;
  readonly onDone: () => void;
}

export function PaperActions({ isEmpty = false, onDone }: PaperActionsProps): VNode {
  return (
    <div class="actions">
      <PrintButton disabled={isEmpty} />
      <button type="button" class="button button-primary" data-focus onClick={onDone}>
        Done
      </button>
    </div>
  );
}
