// How far a document has come, as notches and in words.
import type { VNode } from 'preact';
import type { Stage } from '../engine/port.ts';
import { stageWords } from '../model/words.ts';

const notches: Readonly<Record<Stage, number>> = { local: 1, syncing: 1, durable: 2, settled: 3 };

export function StageLabel({ stage }: { readonly stage: Stage }): VNode {
  return (
    <span class={`stage stage-${stage}`} data-stage={stage}>
      <StageMark stage={stage} />
      {stageWords[stage]}
    </span>
  );
}

function StageMark({ stage }: { readonly stage: Stage }): VNode {
  return (
    <svg width="20" height="16" viewBox="0 0 20 16" aria-hidden="true">
      {[0, 1, 2].map((index) => (
        <path key={index} d={`M${4 + index * 5} 3v10`} class={index < notches[stage] ? 'cut' : 'uncut'} />
      ))}
      {stage === 'settled' && <path d="M1.5 11.5l16-7" class="cut" />}
    </svg>
  );
}
