// Predictions: browse by model, version, time, segment and label; or go to one by its id.
import { useState } from 'preact/hooks';
import type { Overview } from '../../../src/domain/contract/overview.js';
import type { StoredPrediction } from '../../../src/domain/contract/tracking.js';
import { apiUrl } from '../lib/api.js';
import { useApi } from '../lib/data.js';
import { change, go, to } from '../lib/location.js';
import { interval, milliseconds, time, versionName } from '../prepare/format.js';
import { fieldText, fieldValue, isNumeric, predictionColumns } from '../prepare/prediction.js';
import { QueryButton } from '../ui/card.js';
import { ChoiceField, TextField } from '../ui/form.js';
import { Await, Empty } from '../ui/states.js';
import { Status } from '../ui/status.js';
import { Id, Table, type Column } from '../ui/table.js';
import { useView } from '../ui/view.js';

interface Page {
  predictions: StoredPrediction[];
  next_cursor: string | null;
}
const PAGE = 100;

export function PredictionsPage() {
  const { range } = useView();
  const overview = useApi<Overview>(apiUrl('/v1/overview', { from: range.from, to: range.to }));
  return (
    <>
      <div class="page-head">
        <h1>Predictions</h1>
        <Search />
      </div>
      <Await of={overview} what="models">
        {(data) =>
          data.models.length === 0 ? (
            <section class="card">
              <Empty title="No predictions yet">
                <a href={to('/welcome')}>Send the first one</a>
              </Empty>
            </section>
          ) : (
            <Browse overview={data} />
          )
        }
      </Await>
    </>
  );
}

function Search() {
  const { place } = useView();
  const [id, setId] = useState('');
  return (
    <form
      class="row"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        if (id.trim() !== '') go(to(`/predictions/${encodeURIComponent(id.trim())}`, {}, place.query));
      }}
    >
      <label class="hidden" for="prediction-id">
        Id of a prediction
      </label>
      <input
        id="prediction-id"
        type="search"
        size={36}
        placeholder="Id: a UUID, or the one it was sent with"
        value={id}
        onInput={(event) => setId(event.currentTarget.value)}
      />
      <button type="submit" class="button">
        Find
      </button>
    </form>
  );
}

function Browse({ overview }: { overview: Overview }) {
  const { place, zone } = useView();
  const get = (name: string): string => place.query.get(name) ?? '';
  const model = get('model') || (overview.models[0]?.model ?? '');
  const known = overview.models.find((one) => one.model === model);
  const url = apiUrl('/v1/predictions', {
    model,
    version: get('version') || null,
    segment: get('segment') || null,
    labelled: get('labelled') || null,
    from: overview.from,
    to: overview.to,
    order: 'desc',
    limit: PAGE,
    cursor: get('cursor') || null,
  });
  const page = useApi<Page>(url);
  const set = (name: string) => (value: string) =>
    go(change({ [name]: value, cursor: null }, place), { replace: true });
  return (
    <>
      <div class="filters">
        <ChoiceField
          label="Model"
          value={model}
          values={overview.models.map((one) => [one.model, one.model] as const)}
          set={(value) => go(change({ model: value, version: null, segment: null, cursor: null }, place))}
        />
        <ChoiceField
          label="Version"
          value={get('version')}
          values={[
            ['', 'any'],
            ...(known?.versions ?? []).map((one) => [one.version, versionName(one.version)] as const),
          ]}
          set={set('version')}
        />
        <TextField label="Segment" value={get('segment')} set={set('segment')} placeholder="tags.region=EU" />
        <ChoiceField
          label="Ground truth"
          value={get('labelled')}
          values={[
            ['', 'any'],
            ['true', 'labelled'],
            ['false', 'not labelled'],
          ]}
          set={set('labelled')}
        />
      </div>
      <section class="card" aria-label="Predictions">
        <p class="lead card-lead">{interval(overview.from, overview.to, zone)}, newest first</p>
        <Await of={page} what="predictions">
          {(data) =>
            data.predictions.length === 0 ? (
              <Empty title="No prediction fits">Widen the range, or take a filter away.</Empty>
            ) : (
              <Table
                name="predictions"
                caption="Predictions"
                columns={columns(data.predictions, zone)}
                rows={data.predictions}
                keyOf={(row) => row.prediction_id}
                csv={`predictions of ${model}`}
                foot={
                  <>
                    {get('cursor') !== '' && <a href={change({ cursor: null }, place)}>First page</a>}
                    {data.next_cursor !== null && <a href={change({ cursor: data.next_cursor }, place)}>Next {PAGE}</a>}
                    <QueryButton urls={[url]} />
                  </>
                }
              />
            )
          }
        </Await>
      </section>
    </>
  );
}

function columns(rows: readonly StoredPrediction[], zone: 'UTC' | 'local'): Column<StoredPrediction>[] {
  const cell = (row: StoredPrediction, path: string) => <span class="wrap-any">{fieldText(row, path)}</span>;
  return [
    {
      name: 'Time',
      value: (row) => row.timestamp,
      cell: (row) => (
        <a class="nowrap" href={to(`/predictions/${row.prediction_id}`)}>
          {time(row.timestamp, zone, { seconds: true })}
        </a>
      ),
    },
    {
      name: 'Id',
      value: (row) => row.external_id ?? row.prediction_id,
      cell: (row) => <Id id={row.external_id ?? row.prediction_id} most={18} />,
    },
    { name: 'Version', value: (row) => row.version, cell: (row) => versionName(row.version) },
    ...predictionColumns(rows).map((path): Column<StoredPrediction> => ({
      name: path,
      ...(isNumeric(rows, path) ? { right: true } : {}),
      value: (row) => fieldValue(row, path),
      cell: (row) => cell(row, path),
    })),
    {
      name: 'Ground truth',
      value: (row) => (row.ground_truth === null ? null : JSON.stringify(row.ground_truth)),
      cell: (row) =>
        row.ground_truth === null ? (
          <Status status="waiting_for_labels" />
        ) : (
          <span class="mono wrap-any">
            {Object.entries(row.ground_truth)
              .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
              .join(', ')}
          </span>
        ),
    },
    { name: 'Latency', right: true, value: (row) => row.latency_ms, cell: (row) => milliseconds(row.latency_ms) },
    { name: 'Status', value: (row) => row.status, cell: (row) => <Status status={row.status} /> },
  ];
}
