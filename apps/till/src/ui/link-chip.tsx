// Where the till stands with its relay: a chip in the corner, and banners when a seller should know something.
import type { VNode } from 'preact';
import { type Notice, noticesOf } from '../model/notices.ts';
import { linkWords } from '../model/words.ts';
import { useTill } from '../state/context.ts';
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
      {state.storageFault !== undefined && <StorageBanner />}
      {noticesOf(state).map((notice) => (
        <NoticeBanner key={notice.title} notice={notice} />
      ))}
    </div>
  );
}

function NoticeBanner({ notice }: { readonly notice: Notice }): VNode {
  const isAlarm = notice.tone === 'alarm';
  return (
    <div class={`banner banner-${notice.tone}`} role={isAlarm ? 'alert' : 'status'}>
      <Icon name={isAlarm ? 'alert' : 'offline'} size={20} />
      <p>
        <strong>{notice.title}</strong> {notice.detail}
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
