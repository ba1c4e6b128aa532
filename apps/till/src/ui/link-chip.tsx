// Where the till stands with its relay: a chip in the corner, and banners when a seller should know something.
import type { VNode } from 'preact';
import { type Notice, noticesOf } from '../model/notices.ts';
import { linkWords, refusalText } from '../model/words.ts';
import { useTill } from '../state/context.ts';
import type { Till } from '../state/till.ts';
import { Icon } from './icons.tsx';

export function LinkChip(): VNode {
  const till = useTill();
  const { link, unsent } = till.state.value;
  return (
    <button type="button" class="link-chip" data-link={link.kind} onClick={() => (till.view.value = 'till')}>
      <span class="link-dot" aria-hidden="true" />
      <span>{linkWords(link, unsent)}</span>
    </button>
  );
}

export function Banners(): VNode {
  const state = useTill().state.value;
  return (
    <div class="banners">
      <DoubtBanner />
      <TroubleBanner />
      {state.storageFault !== undefined && <StorageBanner />}
      {noticesOf(state).map((notice) => (
        <NoticeBanner key={notice.title} notice={notice} />
      ))}
    </div>
  );
}

function NoticeBanner({ notice }: { readonly notice: Notice }): VNode {
  const till = useTill();
  const isAlarm = notice.tone === 'alarm';
  return (
    <div class={`banner banner-${notice.tone}`} role={isAlarm ? 'alert' : 'status'}>
      <Icon name={notice.action === 'back-up' ? 'lock' : isAlarm ? 'alert' : 'offline'} size={20} />
      <p>
        <strong>{notice.title}</strong> {notice.detail}
      </p>
      {notice.action === 'back-up' && (
        <button type="button" class="button button-small" onClick={() => (till.keyTask.value = 'change')}>
          Back it up
        </button>
      )}
      {notice.action === 'new-key' && (
        <button type="button" class="button button-small" onClick={() => (till.keyTask.value = 'change')}>
          Give it a new key
        </button>
      )}
      {(notice.action === 'look' || notice.action === 'save-copy') && (
        <button type="button" class="button button-small" onClick={() => (till.view.value = 'till')}>
          {notice.action === 'look' ? 'See them' : 'See “This till”'}
        </button>
      )}
      {notice.action === 'go-on' && (
        <button type="button" class="button button-small" onClick={() => (till.keyTask.value = 'go-on')}>
          Go on as a new till
        </button>
      )}
    </div>
  );
}

/** A sale whose dialog was left before anybody knew. */
function DoubtBanner(): VNode | null {
  const till = useTill();
  if (till.doubt.value === undefined) return null;
  return (
    <div class="banner banner-alarm" role="alert">
      <Icon name="alert" size={20} />
      <p>
        <strong>Whether the last sale was saved is not known.</strong> Do not ring it up anew before you know.
      </p>
      <button type="button" class="button button-small" onClick={() => void lookAgain(till)}>
        Look again
      </button>
    </div>
  );
}

async function lookAgain(till: Till): Promise<void> {
  const found = await till.lookAgain();
  if (found.ok) till.toast.value = { text: `The last sale was saved: ${found.value.shown?.number ?? 'see “Sales”'}` };
  else if (found.code === 'till/not-saved')
    till.toast.value = { text: 'The last sale was not saved. Charge the cart again.' };
  else till.toast.value = { text: refusalText(found.code, found.message) };
}

function TroubleBanner(): VNode | null {
  const trouble = useTill().trouble.value;
  if (trouble === undefined) return null;
  return (
    <div class="banner banner-warn" role="status">
      <Icon name="alert" size={20} />
      <p>
        <strong>What the screen shows may be behind.</strong> What it called saved is saved. Reload the page when you
        can. ({trouble})
      </p>
    </div>
  );
}

function StorageBanner(): VNode {
  const till = useTill();
  return (
    <div class="banner banner-alarm" role="alert">
      <Icon name="alert" size={20} />
      <p>
        <strong>This device cannot save.</strong> Take no money here until it can: free some space on it, or sell on
        another till. What was saved before is safe.
      </p>
      <button type="button" class="button button-small" onClick={() => (till.view.value = 'till')}>
        Export what is saved
      </button>
    </div>
  );
}
