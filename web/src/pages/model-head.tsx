// The head of every page of a model: where one is, which version, and how the model is; and the tabs under it.
import type { ComponentChildren } from 'preact';
import type { Overview, OverviewModel } from '../../../src/domain/contract/overview.js';
import { apiUrl } from '../lib/api.js';
import { useApi, type Loaded } from '../lib/data.js';
import { change, go, modelPath, to } from '../lib/location.js';
import { ago, day, interval, time, versionName } from '../prepare/format.js';
import { Await } from '../ui/states.js';
import { Status } from '../ui/status.js';
import { useView } from '../ui/view.js';
import { Baseline, LastRun } from './model-baseline.js';

/** A model over the range of the page, with the range as times. */
export interface ModelView {
  model: OverviewModel;
  from: string;
  to: string;
  /** The version that the address names, or the newest. */
  version: string | null;
  url: string;
}

/** The summary of one model: what every part of its pages starts from. */
export function useModel(model: string): { url: string; loaded: Loaded<Overview> } {
  const { range, place } = useView();
  const url = apiUrl('/v1/overview', { model, version: place.query.get('version'), from: range.from, to: range.to });
  return { url, loaded: useApi<Overview>(url) };
}

/** The frame of a page about one model. */
export function ModelFrame({
  model,
  part,
  children,
}: {
  model: string;
  part: string;
  children: (view: ModelView) => ComponentChildren;
}) {
  const { url, loaded } = useModel(model);
  return (
    <Await of={loaded} what={model}>
      {(overview) => {
        const [found] = overview.models;
        if (found === undefined) return null;
        const view = { model: found, from: overview.from, to: overview.to, version: found.version, url };
        return (
          <>
            <Head view={view} part={part} />
            {children(view)}
          </>
        );
      }}
    </Await>
  );
}

const TABS = [
  ['', 'Health'],
  ['features', 'Features'],
  ['quality', 'Quality'],
  ['replicas', 'Replicas'],
] as const;

function Head({ view, part }: { view: ModelView; part: string }) {
  const { zone, place } = useView();
  const { model } = view;
  const version = place.query.get('version');
  const feature = place.query.get('feature');
  const other = (path: string, changes: Record<string, string | null> = {}): string =>
    to(path, { version, ...changes }, place.query);
  return (
    <>
      <div class="page-head">
        <nav aria-label="Where you are">
          <ol class="crumbs">
            <li>
              <a href={to('/', {}, place.query)}>Models</a>
            </li>
            <li>
              {part === 'feature' ? <a href={other(modelPath(model.model))}>{model.model}</a> : <h1>{model.model}</h1>}
            </li>
            {part === 'feature' && (
              <li>
                <h1>{feature}</h1>
              </li>
            )}
          </ol>
        </nav>
        <VersionPicker view={view} />
        <Status status={model.state}>
          {model.why}
          {model.since === null ? '' : ` since ${day(model.since, zone)}`}
        </Status>
        <div class="sub">
          <span>{interval(view.from, view.to, zone)}</span>
          <span>
            {model.task}, windows of {model.window}
          </span>
          <span title={time(model.last_seen, zone)}>last prediction {ago(model.last_seen, Date.now())}</span>
          <span title={time(model.computed_at, zone)}>
            {model.computed_at === null
              ? 'nothing computed in this range'
              : `computed ${ago(model.computed_at, Date.now())}`}
          </span>
          <LastRun />
          <Baseline view={view} />
        </div>
      </div>
      <nav class="tabs" aria-label={`Pages of ${model.model}`}>
        {TABS.map(([name, label]) => (
          <a
            key={name}
            href={other(modelPath(model.model, name))}
            aria-current={(part === 'feature' ? 'features' : part) === name ? 'page' : undefined}
          >
            {label}
          </a>
        ))}
        <a href={other('/predictions', { model: model.model })}>Predictions</a>
        <a href={to('/alerts', { model: model.model }, place.query)}>Alerts</a>
        <a href={to('/data', { tab: 'baselines', model: model.model }, place.query)}>Baselines</a>
      </nav>
    </>
  );
}

function VersionPicker({ view }: { view: ModelView }) {
  const { place } = useView();
  const { versions } = view.model;
  if (versions.length === 0) return null;
  const chosen = place.query.has('version');
  const newest = versions.find((one) => (chosen ? true : one.version === view.version));
  return (
    <label class="row">
      <span class="hidden">Version</span>
      <select
        value={place.query.get('version') ?? ''}
        onChange={(event) => go(change({ version: event.currentTarget.value }, place))}
        data-testid="version"
      >
        <option value="">{newest === undefined ? 'Newest version' : `${versionLabel(newest)} (newest)`}</option>
        {versions.map((one) => (
          <option key={one.version} value={one.version}>
            {versionLabel(one)}
          </option>
        ))}
      </select>
    </label>
  );
}

/** `v2 Production @champion`. */
function versionLabel({ version, stage, aliases }: ModelView['model']['versions'][number]): string {
  return [versionName(version), stage === 'None' ? null : stage, ...aliases.map((alias) => `@${alias}`)]
    .filter((part) => part !== null)
    .join(' ');
}
