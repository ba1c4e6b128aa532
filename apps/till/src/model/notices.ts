// What stands in a banner above the work: what a seller has to know, and only that.
import type { AsideUnread } from '../engine/aside-unread.ts';
import type { Link, TillState } from '../engine/port.ts';
import type { RelaySilence } from '../engine/standing.ts';

export interface Notice {
  readonly tone: 'calm' | 'warn' | 'alarm';
  readonly title: string;
  readonly detail: string;
  /** What can be done about it here and now. */
  readonly action?: 'save-copy' | 'back-up' | 'new-key' | 'go-on' | 'look';
}

/** All there is to say, the gravest first; empty on a good day. */
export function noticesOf(state: TillState): readonly Notice[] {
  const proved = relayNotice(state.relayFindings);
  const link =
    state.link.kind === 'relay-distrusted'
      ? (proved ?? linkNotice(state.link, state.unsent))
      : linkNotice(state.link, state.unsent);
  // "Keep selling" would contradict what stands above it.
  const isLinkSaid = link?.tone === 'alarm' || canSell(state);
  const notices = [
    bookNotice(state),
    keyNotice(state),
    backupNotice(state),
    tornNotice(state.torn),
    comingNotice(state),
    clockNotice(state.clock),
    isLinkSaid ? link : undefined,
    link === proved ? undefined : proved,
    correctionNotice(state.corrections),
    fiscalNotice(state.fiscal),
  ];
  return notices.filter((notice) => notice !== undefined);
}

function canSell({ stop, isCopied, key, torn, storageFault }: TillState): boolean {
  if (isCopied || key?.isRevoked === true || key?.isAnchored === false) return false;
  return stop === undefined && torn?.mustReachRelay !== true && storageFault === undefined;
}

/** Whether this till can go on only as a new one, and why. */
export function isEnded({ isCopied, key }: TillState): 'copied' | 'revoked' | undefined {
  if (key?.isRevoked === true) return 'revoked';
  return isCopied ? 'copied' : undefined;
}

const silenceWords: Readonly<Record<RelaySilence, string>> = {
  unreachable: 'The network is up, but the relay does not answer.',
  silent: 'The relay has been asked and says nothing.',
  busy: 'The relay has too much to do.',
  garbled: 'What answers is not the relay. Does this network want a sign-in?',
};

/** How the connection stands; undefined when there is nothing a seller has to know. */
export function linkNotice(link: Link, unsent: number): Notice | undefined {
  const kept = keptWords(unsent);
  switch (link.kind) {
    case 'alone':
    case 'connecting':
    case 'linked':
      return undefined;
    case 'no-network':
      return { tone: 'warn', title: 'No network.', detail: `Keep selling: ${kept}` };
    case 'relay-unreachable':
      return {
        tone: 'warn',
        title: silenceWords[link.how],
        detail: `Keep selling: ${kept}`,
      };
    case 'not-enrolled':
      return { tone: 'warn', title: 'The relay does not know this till yet.', detail: `Keep selling: ${kept}` };
    case 'relay-distrusted':
      return {
        tone: 'alarm',
        title: 'The relay contradicts what it signed before.',
        detail: 'Nothing is sent to it any more. Sales stay on this till; tell the office.',
      };
    case 'refused':
      return {
        tone: 'alarm',
        title: 'The relay refuses what this till sends.',
        detail: `${link.reason} Tell the office.`,
      };
  }
}

/** What the relay was convicted of by its own signatures, the gravest alone. */
export function relayNotice(findings: TillState['relayFindings']): Notice | undefined {
  const found = relayFaults.find(([kind]) => findings.includes(kind));
  const detail = 'The proof is kept here, and no sale of this till is lost. Tell the office.';
  return found && { tone: 'alarm', title: found[1], detail };
}

const relayFaults: readonly (readonly [TillState['relayFindings'][number], string])[] = [
  ['split', 'The relay showed two different books.'],
  ['broken-receipt', 'The relay replaced an entry that it had confirmed.'],
  ['two-receipts', 'The relay confirmed two things that cannot both be true.'],
  ['shrunk', 'The relay lost entries that it had confirmed.'],
];

/** What the book itself has to say: it needs a newer till, another device wrote as this one, or entries had no effect. */
export function bookNotice({
  stop,
  refused,
  isCopied,
  key,
  link,
}: Pick<TillState, 'stop' | 'refused' | 'isCopied' | 'key' | 'link'>): Notice | undefined {
  if (stop !== undefined) {
    return {
      tone: 'alarm',
      title: 'This till needs its new version to go on.',
      detail: `${stop} Reload while online.`,
    };
  }
  if (key?.isRevoked === true) {
    return {
      tone: 'alarm',
      title: 'This till was revoked.',
      detail: 'What it sold before stays. Tell the office if it should go on.',
      action: 'go-on',
    };
  }
  if (isCopied) {
    return {
      action: 'go-on',
      tone: 'alarm',
      title: 'This till was copied: two devices wrote as one.',
      detail: 'Tell the office. Entries that had no effect are kept and listed under “This till”.',
    };
  }
  if (refused === 0) return undefined;
  const entries = refused === 1 ? 'One entry' : `${refused} entries`;
  return {
    tone: 'alarm',
    title: `${entries} of this till had no effect.`,
    detail: link.kind === 'alone' ? 'See “This till”.' : 'See “This till” and tell the office.',
  };
}

const fewNumbers = 10;

/** A block that runs out takes the office to lease another one, and that takes a network. */
function fiscalNotice(fiscal: TillState['fiscal']): Notice | undefined {
  if (fiscal === undefined || fiscal.left >= fewNumbers) return undefined;
  if (fiscal.left === 0) {
    return {
      tone: 'alarm',
      title: 'This till has no fiscal numbers left.',
      detail: 'It sells on, and its receipts carry none. Ask the office for another block now.',
    };
  }
  return {
    tone: 'warn',
    title: `${fiscal.left === 1 ? 'One fiscal number is' : `${fiscal.left} fiscal numbers are`} left on this till.`,
    detail: 'Ask the office for another block while there is a network.',
  };
}

/** Said until somebody looks. */
function correctionNotice({ unseen }: TillState['corrections']): Notice | undefined {
  if (unseen === 0) return undefined;
  return {
    tone: 'warn',
    title:
      unseen === 1
        ? 'One entry of this till stands otherwise than meant.'
        : `${unseen} entries of this till stand otherwise than meant.`,
    detail: 'Something else was settled first. See why, and who owes what for it.',
    action: 'look',
  };
}

/** A key that others may have, one that cannot come back, or one that is back and has not heard from the relay yet. */
export function keyNotice({ key, isCopied }: Pick<TillState, 'key' | 'isCopied'>): Notice | undefined {
  if (key === undefined || key.isRevoked || isCopied) return undefined;
  if (key.unread !== undefined) return unreadNotice(key.unread);
  if (!key.isAnchored) {
    return {
      tone: 'warn',
      title: 'This till has its key back.',
      detail: 'It sells again once it has learnt from the relay what it sold last.',
    };
  }
  if (key.isEnrolled && key.isSealedElsewhere) {
    return {
      tone: 'alarm',
      title: 'The key of this till was sealed to others than the shop names.',
      detail:
        'The invitation may have been forged, and they may have the key. Give the till a new one now, and tell the office.',
      action: 'new-key',
    };
  }
  if (!key.isEnrolled || key.backups.length > 0) return undefined;
  return {
    tone: 'warn',
    title: 'The key of this till is not backed up.',
    detail: 'If this browser is wiped, the till cannot go on as itself.',
    action: 'back-up',
  };
}

/** A till that began anew on a damaged log, of which more is known than it has. */
function unreadNotice(unread: AsideUnread): Notice {
  if (unread === 'waits') {
    return {
      tone: 'warn',
      title: 'What this till sold last is not here yet.',
      detail:
        'The relay brings it once the office has read in the file of the old log, but not where an earlier entry reads nowhere. Until then it sells only as a new till.',
      action: 'go-on',
    };
  }
  return {
    tone: 'warn',
    title: 'What this till sold last may be lost with its old log.',
    detail: 'So it goes on as a new till, with numbers of its own: ask the office for an invitation in its place.',
    action: 'go-on',
  };
}

/** A till that came back without its key, and one that nobody keeps a copy of. */
export function backupNotice({ backup, key }: Pick<TillState, 'backup' | 'key'>): Notice | undefined {
  if (backup === undefined) return undefined;
  if (backup.restored !== undefined && key?.isEnrolled === false) {
    return {
      tone: 'warn',
      title: 'This till came back without its key.',
      detail: 'It goes on as a new till: ask the office for an invitation in its place.',
      action: 'go-on',
    };
  }
  if (!backup.isMissed) return undefined;
  return {
    tone: 'warn',
    title: 'A backup of this till was missed.',
    detail: missedWords(backup),
    action: 'save-copy',
  };
}

function missedWords({ openers, isUnattended, bucket, fault }: NonNullable<TillState['backup']>): string {
  if (openers.office === 0 && !openers.passkey && !openers.paper)
    return 'Nobody is named who could open one. Name somebody under “This till”.';
  if (fault !== undefined) return `${fault}. It sells on; what is not at the relay is on this device alone.`;
  if (isUnattended && bucket !== undefined) return 'Nobody has taken one for a while.';
  return isUnattended ? 'The office has not taken one for a while.' : 'Give one out as a file, and keep it elsewhere.';
}

/** A till that came back, and has not all of its old documents yet. */
function comingNotice(state: TillState): Notice | undefined {
  if (!state.isComing) return undefined;
  if (state.comingFault !== undefined)
    return {
      tone: 'warn',
      title: 'What was sold before the backup cannot be read on this device.',
      detail: `Returns, reports and closing the drawer need it. When all is sent, bring the till back once more. (${state.comingFault})`,
    };
  const waits = `${canSell(state) ? 'Keep selling. ' : ''}Returns, reports and “Sales” wait until it is here`;
  const { comingPercent: percent } = state;
  const detail = percent === 0 ? `${waits}.` : `${waits}: ${percent} % is.`;
  return { tone: 'calm', title: 'What was sold before the backup is still coming.', detail };
}

/** What the start cut off a damaged log. Nobody can know what stood there, so the paper has to be looked at. */
export function tornNotice(torn: TillState['torn']): Notice | undefined {
  if (torn === undefined) return undefined;
  const last = torn.lastDocument;
  const compare = torn.isComing
    ? 'Which sale is the last one here is said when all are here.'
    : last === undefined
      ? 'No sale is left on this till.'
      : `The last one here is ${last}: compare it with your paper.`;
  const cut = torn.bytes === 0 ? '' : ` ${torn.bytes} bytes could not be read and were cut off.`;
  return {
    tone: torn.mustReachRelay ? 'alarm' : 'warn',
    title: 'The end of this till’s log was damaged.',
    detail: `Everything before it is here.${cut} ${compare}${torn.mustReachRelay ? ' The till sells again once it has reached the relay.' : ''}`,
  };
}

function clockNotice(clock: TillState['clock']): Notice | undefined {
  switch (clock) {
    case 'fine':
      return undefined;
    case 'behind':
      return {
        tone: 'warn',
        title: 'The clock of this device is behind.',
        detail: 'It shows a time before this till was set up. Set it: receipts and days carry what it says.',
      };
    case 'ahead':
      return {
        tone: 'warn',
        title: 'The clock of this device is ahead.',
        detail: 'The relay says by more than a day. Set it: receipts and days carry what it says.',
      };
  }
}

function keptWords(unsent: number): string {
  if (unsent === 0) return 'everything is sent, and new sales are saved on this till.';
  return `${unsent} ${unsent === 1 ? 'entry is' : 'entries are'} saved on this till and will be sent.`;
}
