// How far a document has come, as notches and in words.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Stage } from '../engine/port.ts';
import { stageWords } from '../model/words.ts';
import { useTill } from '../state/context.ts';

const notches: Readonly<Record<Stage, number>> = { local: 1, syncing: 1, durable: 2, settled: 3 };

/** How far a document that is shown has come by now. */
export function useStage(document: string, before: Stage): Stage {
  const till = useTill();
  const state = till.state.value;
  const [known, setKnown] = useState({ document, stage: before });
  const stage = known.document === document ? known.stage : before;
  useEffect(() => {
    if (stage === 'settled') return;
    void till.engine.stageOf(document).then((answer) => answer.ok && setKnown({ document, stage: answer.value }));
  }, [state, document]);
  return stage;
}

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
