// Baselines: what drift is measured against. A file dropped here becomes one.
import { useState } from 'preact/hooks';
import type { BaselineCreated, BaselineSummary } from '../../../src/domain/contract/models.js';
import { apiUrl, modelUrl, send, upload } from '../lib/api.js';
import type { Overview, OverviewModel } from '../../../src/domain/contract/overview.js';
import { refreshAll, useApi } from '../lib/data.js';
import { change, go } from '../lib/location.js';
import { day, time, versionName } from '../prepare/format.js';
import { baselineName, fileType } from '../prepare/files.js';
import { Card } from '../ui/card.js';
import { say } from '../ui/dialog.js';
import { ChoiceField, Complaint, Field, TextField, useForm } from '../ui/form.js';
import { Await, Empty } from '../ui/states.js';
import { Status } from '../ui/status.js';
import { Table, type Column } from '../ui/table.js';
import { useView } from '../ui/view.js';

export function BaselinesTab() {
  const { range } = useView();
  const models = useApi<Overview>(apiUrl('/v1/overview', { from: range.from, to: range.to }));
  return (
    <Await of={models} what="models">
      {(data) => <Baselines models={data.models} />}
    </Await>
  );
}

function Baselines({ models }: { models: readonly OverviewModel[] }) {
  const { place, session } = useView();
  const model = place.query.get('model') ?? models[0]?.model ?? '';
  const known = models.find((one) => one.model === model);
  const may = !session.authentication || session.principal?.scopes.some((scope) => scope !== 'read') === true;
  return (
    <div class="stack">
      <div class="filters">
        <ChoiceField
          label="Model"
          value={model}
          values={models.map((one) => [one.model, one.model] as const)}
          set={(value) => go(change({ model: value }, place), { replace: true })}
        />
      </div>
      {model !== '' && <List key={model} model={model} />}
      {may && <Drop key={`drop ${model}`} first={model} versions={(known?.versions ?? []).map((one) => one.version)} />}
    </div>
  );
}

function List({ model }: { model: string }) {
  const { zone, admin } = useView();
  const url = modelUrl(model, 'baselines');
  const baselines = useApi<BaselineSummary[]>(url);
  const activate = async (row: BaselineSummary): Promise<void> => {
    try {
      await send(
        'POST',
        modelUrl(model, `baselines/${encodeURIComponent(row.name)}/activate`, { version: row.version }),
      );
      say(`${row.name} is what ${model} is compared with now`);
      refreshAll();
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
    }
  };
  const columns: Column<BaselineSummary>[] = [
    { name: 'Baseline', value: (row) => row.name },
    {
      name: 'For version',
      value: (row) => row.version ?? 'any',
      cell: (row) => (row.version === null ? 'any' : versionName(row.version)),
    },
    {
      name: 'State',
      value: (row) => (row.active ? 'in force' : ''),
      cell: (row) => (row.active ? <Status status="in force" /> : <span class="muted">not used</span>),
    },
    { name: 'From', value: (row) => row.source },
    { name: 'Rows', right: true, value: (row) => row.rows, cell: (row) => row.rows.toLocaleString('en-US') },
    { name: 'Fields', right: true, value: (row) => row.fields },
    {
      name: 'Made',
      right: true,
      value: (row) => row.created_at,
      cell: (row) => <span title={time(row.created_at, zone)}>{day(row.created_at, zone)}</span>,
    },
    {
      name: 'Actions',
      plain: true,
      value: () => null,
      cell: (row) =>
        admin && !row.active ? (
          <button type="button" class="button" onClick={() => void activate(row)}>
            Use
          </button>
        ) : (
          ''
        ),
    },
  ];
  return (
    <Card title={`Baselines of ${model}`} urls={[url]} flush>
      <Await of={baselines} what="baselines">
        {(data) =>
          data.length === 0 ? (
            <Empty title="No baseline">
              Until there is one, a version is compared with the version before it, or with its own first window.
            </Empty>
          ) : (
            <Table
              name="baselines"
              caption="Baselines"
              columns={columns}
              rows={data}
              keyOf={(row) => row.baseline_id}
              csv={`baselines of ${model}`}
            />
          )
        }
      </Await>
    </Card>
  );
}

function Drop({ first, versions }: { first: string; versions: readonly string[] }) {
  const { values, bind, change: fill, sending } = useForm({ model: first, name: '', version: '' });
  const { model, name, version } = values;
  const [over, setOver] = useState(false);
  const [file, setFile] = useState<File | null>(null);
  const [share, setShare] = useState<number | null>(null);
  const [made, setMade] = useState<BaselineCreated | null>(null);
  const choose = (chosen: File | undefined): void => {
    if (chosen === undefined) return;
    setFile(chosen);
    setMade(null);
    if (name === '') fill({ name: baselineName(chosen.name) });
  };
  const type = file === null ? null : fileType(file.name);
  const start = async (): Promise<void> => {
    if (file === null || type === null) return;
    setShare(0);
    const url = modelUrl(model, 'baselines', { name, version: version || null });
    const done = await sending.run(async () => setMade(await upload<BaselineCreated>(url, file, type, setShare)));
    setShare(null);
    if (!done) return;
    setFile(null);
    refreshAll();
  };
  return (
    <Card
      title="New baseline"
      lead="A row is a prediction of the training data: inputs.age, outputs.score, values.late; a column without a prefix is an input."
    >
      <Complaint error={sending.error} />
      <div class="form">
        <TextField label="Model" {...bind('model')} />
        <TextField label="Name" {...bind('name')} placeholder="training" />
        <TextField label="For version" {...bind('version')} list={versions} hint="empty: any version" />
      </div>
      <div
        class={`drop${over ? ' over' : ''}`}
        data-testid="drop"
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          choose(event.dataTransfer?.files[0]);
        }}
      >
        {file === null ? (
          <Field label="Drop a CSV, NDJSON or Parquet file here, or choose one">
            {(id) => (
              <input
                id={id}
                type="file"
                accept=".csv,.parquet,.ndjson,.jsonl"
                onChange={(event) => choose(event.currentTarget.files?.[0])}
              />
            )}
          </Field>
        ) : (
          <p>
            <strong class="wrap-any">{file.name}</strong>{' '}
            {type === null ? (
              <span class="worse">is none of .csv, .parquet, .ndjson, .jsonl</span>
            ) : (
              `${file.size.toLocaleString('en-US')} bytes`
            )}{' '}
            <button type="button" class="button quiet" disabled={share !== null} onClick={() => setFile(null)}>
              another file
            </button>
          </p>
        )}
      </div>
      {share !== null && (
        <p role="status" class="spaced-top">
          <progress aria-label="Upload" value={share} max={1} />{' '}
          {share < 1 ? `${Math.round(100 * share)} % sent` : 'counting bins…'}
        </p>
      )}
      {made !== null && (
        <p role="status" class="spaced-top">
          <Status status="done">
            {made.name}: {made.rows.toLocaleString('en-US')} rows, {made.fields} fields. It is in force from now on.
          </Status>
        </p>
      )}
      <button
        type="button"
        class="button primary spaced"
        disabled={file === null || type === null || name === '' || model === '' || share !== null}
        onClick={() => void start()}
      >
        Make the baseline
      </button>
    </Card>
  );
}
