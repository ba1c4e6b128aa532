// A modal on the platform's own <dialog>: it traps the focus, closes on Escape and gives the focus back where it was.
import type { ComponentChildren, VNode } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { Icon } from './icons.tsx';

export interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  /** `sheet` fills a phone's screen; `wide` has room for two columns. */
  readonly shape?: 'sheet' | 'wide' | 'narrow';
  /** While something is being saved: Escape and the close button do nothing. */
  readonly isBusy?: boolean;
  readonly role?: 'alertdialog';
}

export function Dialog(props: DialogProps): VNode {
  const { title, onClose, children, shape = 'narrow', isBusy = false } = props;
  const ref = useRef<HTMLDialogElement>(null);
  const isLeaving = useRef(false);
  const titleId = useId();
  // Before anything else can happen, and not a frame later: a key pressed in between would go to the screen below.
  useLayoutEffect(() => {
    const dialog = ref.current;
    const opener = document.activeElement;
    dialog?.showModal();
    focusFirst(dialog);
    return () => {
      isLeaving.current = true;
      dialog?.close();
      if (!(opener instanceof HTMLElement) || !opener.isConnected) return;
      // By then Chromium may have given it the focus by itself, but no caret: nothing could be typed there.
      opener.blur();
      opener.focus({ preventScroll: true });
    };
  }, []);
  const cancel = (event: Event): void => {
    event.preventDefault();
    if (!isBusy) onClose();
  };
  // A second Escape in a row closes a <dialog> without asking `cancel`: what is shown must follow, or stay while it is busy.
  const closed = (): void => {
    if (isLeaving.current) return;
    if (isBusy) ref.current?.showModal();
    else onClose();
  };
  return (
    <dialog
      ref={ref}
      class={`dialog dialog-${shape}`}
      aria-labelledby={titleId}
      aria-busy={isBusy}
      onCancel={cancel}
      onClose={closed}
      {...(props.role === undefined ? {} : { role: props.role })}
    >
      <header class="dialog-head">
        <h2 id={titleId}>{title}</h2>
        <button type="button" class="icon-button" aria-label="Close" disabled={isBusy} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div class="dialog-body">{children}</div>
    </dialog>
  );
}

/** The element that asks for it by `data-focus`, so that the answer most people want is one key away. */
function focusFirst(dialog: HTMLDialogElement | null): void {
  dialog?.querySelector<HTMLElement>('[data-focus]')?.focus();
}
