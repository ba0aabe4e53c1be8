// In the head of a model: what it is compared with, and another baseline where there are several; and when the jobs ran last.
import { useState } from 'preact/hooks';
import type { JobInfo } from '../../../src/domain/contract/metrics.js';
import type { BaselineHeadJson } from '../../../src/domain/contract/overview.js';
import { modelUrl, send } from '../lib/api.js';
import { refreshAll, useApi } from '../lib/data.js';
import { to } from '../lib/location.js';
import { ago, time, versionName } from '../prepare/format.js';
import { newestRun } from '../prepare/jobs.js';
import { baselineFacts, isSame, switchable } from '../prepare/reference.js';
import { Dialog, say } from '../ui/dialog.js';
import { Status } from '../ui/status.js';
import { useView } from '../ui/view.js';
import type { ModelView } from './model-head.js';

/** The baseline in force; a choice where the reader may switch and there is something to switch to. */
export function Baseline({ view }: { view: ModelView }) {
  const { admin, place } = useView();
  const { model } = view;
  const [wanted, setWanted] = useState<BaselineHeadJson | null>(null);
  const page = to('/data', { tab: 'baselines', model: model.model }, place.query);
  const choices = switchable(model);
  const { baseline } = model;
  if (baseline === null)
    return (
      <span data-testid="baseline" title="Until a window is complete there is nothing to compare with">
        no baseline yet: <a href={page}>upload one</a>
      </span>
    );
  const others = choices.filter((one) => !isSame(one, baseline));
  return (
    <span class="row" data-testid="baseline">
      {admin && others.length > 0 ? (
        <label class="row">
          <span>baseline</span>
          <select
            class="small"
            title={baselineFacts(baseline)}
            value={String(choices.findIndex((one) => isSame(one, baseline)))}
            onChange={(event) => {
              const chosen = choices[Number(event.currentTarget.value)] ?? null;
              // The choice is made by the answer to the question, not by the list.
              event.currentTarget.value = String(choices.findIndex((one) => isSame(one, baseline)));
              if (!isSame(chosen, baseline)) setWanted(chosen);
            }}
          >
            {!choices.some((one) => isSame(one, baseline)) && <option value="-1">{baseline.name}</option>}
            {choices.map((one, i) => (
              <option key={i} value={String(i)}>
                {one.name}
                {one.version === null ? '' : ` (${versionName(one.version)})`}
              </option>
            ))}
          </select>
        </label>
      ) : (
        <span title={baselineFacts(baseline)}>
          baseline <a href={page}>{baseline.name}</a>
        </span>
      )}
      <span>{baselineFacts(baseline)}</span>
      {wanted !== null && <Switch view={view} wanted={wanted} close={() => setWanted(null)} />}
    </span>
  );
}

function Switch({ view, wanted, close }: { view: ModelView; wanted: BaselineHeadJson; close: () => void }) {
  const [busy, setBusy] = useState(false);
  const { model } = view.model;
  const act = async (): Promise<void> => {
    setBusy(true);
    try {
      await send(
        'POST',
        modelUrl(model, `baselines/${encodeURIComponent(wanted.name)}/activate`, { version: wanted.version }),
      );
      say(`${wanted.name} is what ${model} is compared with now`);
      refreshAll();
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
    }
    close();
  };
  return (
    <Dialog title="Another baseline" close={close}>
      <div class="stack">
        <p>
          Compare {model} with <strong>{wanted.name}</strong> ({baselineFacts(wanted)})? Every stored window is scored
          again against it, alerts follow, and the run is listed under Jobs and data.
        </p>
        <div class="row">
          <button type="button" class="button primary" disabled={busy} onClick={() => void act()}>
            Compare with {wanted.name}
          </button>
          <button type="button" class="button" onClick={close}>
            Cancel
          </button>
        </div>
      </div>
    </Dialog>
  );
}

/** When a job last worked, and whether one failed. */
export function LastRun() {
  const { zone, place } = useView();
  const jobs = useApi<JobInfo[]>('/v1/jobs');
  const newest = newestRun(jobs.data ?? []);
  if (newest === null) return null;
  const { run, failed } = newest;
  const page = to('/data', {}, place.query);
  return (
    <span data-testid="last-run" title={`${run.job}, ${time(run.started_at, zone, { seconds: true })}`}>
      last job run: <a href={page}>{run.job}</a> {ago(run.started_at, Date.now())}
      {failed.length > 0 && (
        <>
          {' '}
          <Status status="failed">{failed.map((one) => one.job).join(', ')}</Status>
        </>
      )}
    </span>
  );
}
