// All models, worst first.
import type { Overview, OverviewModel } from '../../../src/domain/contract/overview.js';
import { apiUrl } from '../lib/api.js';
import { useApi } from '../lib/data.js';
import { change, go, modelPath, to } from '../lib/location.js';
import {
  ago,
  betterIs,
  count,
  day,
  delta,
  interval,
  metricName,
  metricValue,
  plural,
  shorten,
  time,
  versionName,
} from '../prepare/format.js';
import { filterModels, overviewSentence, stageOf, statesOf, tagsOf } from '../prepare/overview.js';
import { referenceName, referencePhrase } from '../prepare/reference.js';
import { QueryButton } from '../ui/card.js';
import { ChoiceField, TextField, type Bound } from '../ui/form.js';
import { Measured } from '../ui/measured.js';
import { Spark } from '../ui/spark.js';
import { Await, Empty } from '../ui/states.js';
import { Status, statusWord } from '../ui/status.js';
import { Table, type Column } from '../ui/table.js';
import { useView } from '../ui/view.js';
import { WelcomePage } from './welcome.js';

export function OverviewPage() {
  const { range, place } = useView();
  // Links of older mails name the model in the query of this page.
  const named = place.query.get('model');
  const url = apiUrl('/v1/overview', { from: range.from, to: range.to });
  const overview = useApi<Overview>(url);
  if (named !== null) {
    const feature = place.query.get('feature');
    const path = modelPath(named, feature === null ? '' : 'feature');
    queueMicrotask(() => go(to(path, { version: place.query.get('version'), feature }), { replace: true }));
    return null;
  }
  return (
    <Await of={overview} what="the models">
      {(data) => (data.models.length === 0 ? <WelcomePage /> : <Models overview={data} url={url} />)}
    </Await>
  );
}

function Models({ overview, url }: { overview: Overview; url: string }) {
  const { place, zone } = useView();
  const filter = {
    text: place.query.get('q') ?? '',
    state: place.query.get('state') ?? '',
    stage: place.query.get('stage') ?? '',
    tag: place.query.get('tag') ?? '',
  };
  const rows = filterModels(overview.models, filter);
  const set =
    (name: string) =>
    (value: string): void =>
      go(change({ [name]: value }), { replace: true });
  return (
    <>
      <div class="page-head">
        <h1>Models</h1>
        <span class="muted">{overviewSentence(overview.models)}</span>
        <div class="sub">
          <span>{interval(overview.from, overview.to, zone)}</span>
        </div>
      </div>
      <div class="filters" role="search">
        <TextField label="Search" type="search" placeholder="Model or version" value={filter.text} set={set('q')} />
        <Filter
          label="State"
          value={filter.state}
          values={statesOf(overview.models)}
          name={statusWord}
          set={set('state')}
        />
        <Filter
          label="Stage"
          value={filter.stage}
          values={[...new Set(overview.models.flatMap((row) => stageOf(row) ?? []))].sort()}
          set={set('stage')}
        />
        <Filter
          label="Tag"
          value={filter.tag}
          values={[...new Set(overview.models.flatMap(tagsOf))].sort()}
          set={set('tag')}
        />
      </div>
      <section class="card" aria-label="Models">
        {rows.length === 0 ? (
          <Empty title="No model fits these filters">
            <a href={change({ q: null, state: null, stage: null, tag: null })}>Show all {overview.models.length}</a>
          </Empty>
        ) : (
          <Table
            name="models"
            caption="Models, worst first"
            columns={columns(zone)}
            rows={rows}
            keyOf={(row) => row.model}
            csv="models"
            foot={<QueryButton urls={[url]} />}
          />
        )}
      </section>
    </>
  );
}

/** A filter; nothing where there is nothing to choose. */
function Filter({
  label,
  value,
  values,
  name,
  set,
}: Bound<string> & { label: string; values: readonly string[]; name?: (value: string) => string }) {
  if (values.length === 0) return null;
  const choices = values.map((one) => [one, name?.(one) ?? one] as const);
  return <ChoiceField label={label} value={value} set={set} values={[['', 'any'], ...choices]} />;
}

function columns(zone: 'UTC' | 'local'): Column<OverviewModel>[] {
  const now = Date.now();
  return [
    {
      name: 'State',
      value: (row) => statusWord(row.state),
      cell: (row) => (
        <>
          <Status status={row.state} />
          <br />
          <small>
            {row.why}
            {row.since === null ? '' : `, since ${day(row.since, zone)}`}
          </small>
        </>
      ),
    },
    {
      name: 'Model',
      value: (row) => row.model,
      cell: (row) => (
        <>
          <a href={to(modelPath(row.model))}>
            <strong class="wrap-any">{row.model}</strong>
          </a>
          <br />
          <small class="nowrap">
            {row.version === null ? 'no version yet' : versionName(row.version)}
            {stageOf(row) === null ? '' : ` ${stageOf(row)}`} · {row.task}, windows of {row.window}
          </small>
        </>
      ),
    },
    {
      name: 'Predictions',
      right: true,
      value: (row) => row.predictions.value,
      cell: (row) => {
        const trend = delta('prediction_count', row.predictions.value, row.predictions.previous);
        return (
          <>
            {count(row.predictions.value)} <small title="against the range before">{trend}</small>
          </>
        );
      },
    },
    {
      name: 'Trend',
      plain: true,
      value: () => null,
      cell: (row) => <Spark values={row.predictions.series.map((point) => point.value)} />,
    },
    {
      name: 'Labels in',
      right: true,
      value: (row) => row.label_coverage.value,
      cell: (row) =>
        row.task === 'none' ? (
          <Unknown why="this model has no ground truth" />
        ) : row.label_coverage.value === null ? (
          <Unknown why="no window of this range is computed yet" />
        ) : (
          <Measured {...row.label_coverage} metric="label_coverage" />
        ),
    },
    {
      name: 'Quality',
      right: true,
      value: (row) => row.quality?.value ?? null,
      cell: (row) => <Quality row={row} zone={zone} />,
    },
    {
      name: 'Drifted inputs',
      right: true,
      value: (row) => row.drift.drifted,
      cell: (row) => (
        <>
          {row.drift.compared === 0 ? (
            <Unknown why="no input is compared with a baseline yet" />
          ) : (
            `${row.drift.drifted} of ${row.drift.compared}`
          )}
          {row.drift.breached > 0 && row.drift.worst !== null && (
            <>
              <br />
              <small class="wrap">
                worst <span title={row.drift.worst.feature}>{shorten(row.drift.worst.feature, 22)}</span>{' '}
                {metricValue('psi', row.drift.worst.value)} (limit {metricValue('psi', row.drift.worst.limit)})
              </small>
            </>
          )}
        </>
      ),
    },
    {
      name: 'Alerts',
      right: true,
      value: (row) => row.alerts.firing,
      cell: (row) => (
        <a
          href={to('/alerts', { model: row.model })}
          aria-label={plural(row.alerts.firing, 'alert firing', 'alerts firing')}
        >
          {row.alerts.firing > 0 ? <span class="badge">{row.alerts.firing}</span> : '0'}
        </a>
      ),
    },
    {
      name: 'Last prediction',
      right: true,
      value: (row) => row.last_seen,
      cell: (row) => <span title={time(row.last_seen, zone)}>{ago(row.last_seen, now)}</span>,
    },
  ];
}

function Quality({ row, zone }: { row: OverviewModel; zone: 'UTC' | 'local' }) {
  const { quality } = row;
  if (quality === null)
    return <Unknown why={row.task === 'none' ? 'this model has no ground truth' : 'no labels in this range'} />;
  const change = delta(quality.metric, quality.value, quality.reference);
  const falls = change.startsWith('-');
  const worse = change !== '' && falls === (betterIs(quality.metric) === 'higher');
  return (
    <>
      <Measured {...quality} />
      <br />
      <small class="wrap">
        {metricName(quality.metric)}{' '}
        {change !== '' && (
          <span class={worse ? 'worse' : undefined} title={referencePhrase(quality, row.version, zone)}>
            {change}
          </span>
        )}{' '}
        {change !== '' && `against ${referenceName(quality, row.version)}`}
      </small>
    </>
  );
}

/** A number that is not known, and why. */
export function Unknown({ why }: { why: string }) {
  return (
    <span class="muted" title={why}>
      -<span class="hidden"> ({why})</span>
    </span>
  );
}
