// What a token is that was scanned while nothing was being paid.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ShownEntitlement } from '../engine/shown.ts';
import { refusalText } from '../model/words.ts';
import { useTill } from '../state/context.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Fault } from '../ui/fault.tsx';
import { Shown } from './shown.tsx';

export function EntitlementDialog({ url, onClose }: { readonly url: string; readonly onClose: () => void }): VNode {
  const till = useTill();
  const [shown, setShown] = useState<ShownEntitlement>();
  const [fault, setFault] = useState<string>();
  useEffect(() => {
    void till.engine.shownEntitlement(url).then((read) => {
      if (read.ok) setShown(read.value);
      else setFault(refusalText(read.code, read.message));
    });
  }, [url]);
  return (
    <Dialog title="What the customer shows" onClose={onClose}>
      <div class="stack">
        {shown !== undefined && <Shown shown={shown} />}
        {shown !== undefined && <p>Charge the cart and choose “Coupon or gift” to take it.</p>}
        <Fault text={fault} />
        <div class="actions">
          <button type="button" class="button button-primary" data-focus onClick={onClose}>
            Done
          </button>
        </div>
      </div>
    </Dialog>
  );
}
