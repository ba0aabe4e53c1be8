// The first run: how to send a prediction, and the moment it arrives.
import { useEffect, useState } from 'preact/hooks';
import type { ModelSummary } from '../../../src/domain/contract/models.js';
import { get } from '../lib/api.js';
import { go, modelPath, to } from '../lib/location.js';
import { SNIPPETS, snippet } from '../prepare/snippets.js';
import { copy } from '../ui/card.js';
import { Status } from '../ui/status.js';
import { useView } from '../ui/view.js';

const POLL = 2000;

export function WelcomePage() {
  const { session } = useView();
  const [kind, setKind] = useState<(typeof SNIPPETS)[number]['key']>('curl');
  const [arrived, setArrived] = useState<ModelSummary | null>(null);
  useEffect(() => {
    if (arrived !== null) return;
    let stopped = false;
    const look = async (): Promise<void> => {
      const models = await get<ModelSummary[]>('/v1/models').catch(() => []);
      const first = models.find((model) => model.predictions > 0);
      if (stopped) return;
      if (first !== undefined) setArrived(first);
      else timer = setTimeout(() => void look(), POLL);
    };
    let timer = setTimeout(() => void look(), 0);
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }, [arrived]);
  const text = snippet(kind, location.origin, session.authentication);
  return (
    <div class="stack narrow">
      <h1>Send the first prediction</h1>
      <p class="muted">
        {arrived === null ? 'Nothing has been tracked yet. ' : ''}Paste one of these where the model runs; this page
        notices when it arrives.
      </p>
      <section class="card" aria-label="How to send a prediction">
        <div class="card-head">
          <div class="row" role="group" aria-label="Language">
            {SNIPPETS.map((one) => (
              <button
                key={one.key}
                type="button"
                class="button quiet"
                aria-pressed={kind === one.key}
                onClick={() => setKind(one.key)}
              >
                {one.name}
              </button>
            ))}
          </div>
          <div class="tools">
            <button type="button" class="button quiet" onClick={() => copy(text, 'Snippet')}>
              Copy
            </button>
          </div>
        </div>
        <div class="card-body">
          <pre class="code" tabIndex={0} data-testid="snippet">
            {text}
          </pre>
          {session.authentication && (
            <p class="lead">
              <code>DRIFTLINE_KEY</code> is a key with the scope ingest; <a href={to('/keys')}>make one here</a>.
            </p>
          )}
        </div>
      </section>
      <div class={`banner${arrived === null ? '' : ' ok'}`} role="status" aria-live="polite">
        {arrived === null ? (
          <Status status="pending">Waiting for the first prediction.</Status>
        ) : (
          <>
            <Status status="ok">The first prediction of {arrived.model} is here.</Status>
            <button type="button" class="button primary" onClick={() => go(to(modelPath(arrived.model)))}>
              Open {arrived.model}
            </button>
          </>
        )}
      </div>
      <section class="card" aria-label="Then">
        <div class="card-head">
          <h2>Then</h2>
        </div>
        <div class="card-body">
          <ol class="stack-tight steps-list">
            <li>Send the ground truth under the same id when it is known: accuracy, precision and the like follow.</li>
            <li>
              Upload the training data as a <a href={to('/data', { tab: 'baselines' })}>baseline</a>: inputs are then
              compared with it.
            </li>
            <li>
              Make a <a href={to('/rules/new')}>rule</a> and a <a href={to('/channels')}>channel</a>: mail, webhook or
              Slack tell you when a number passes its limit.
            </li>
          </ol>
        </div>
      </section>
    </div>
  );
}
