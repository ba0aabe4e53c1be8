// One registered model: its versions with stage, lineage and quality, and a change of stage that asks first.
import { useState } from 'preact/hooks';
import type {
  RegisteredModelDetail,
  RegisteredVersion,
  RegistryChange,
  VersionDetail,
} from '../../../src/domain/contract/registry.js';
import { apiUrl, send } from '../lib/api.js';
import { refreshAll, useApi } from '../lib/data.js';
import { change, modelPath, to } from '../lib/location.js';
import { count, metricName, metricValue, plusMinus, share, shorten, time, versionName } from '../prepare/format.js';
import { Card } from '../ui/card.js';
import { Dialog } from '../ui/dialog.js';
import { CheckField, ChoiceField, Complaint, TextField, useForm } from '../ui/form.js';
import { Await, Empty } from '../ui/states.js';
import { Table, type Column } from '../ui/table.js';
import { useView } from '../ui/view.js';
import { Changes, Tags } from './registry.js';

const STAGES = ['None', 'Staging', 'Production', 'Archived'] as const;

export function RegisteredPage({ model }: { model: string }) {
  const { place } = useView();
  const url = `/v1/registry/models/${encodeURIComponent(model)}`;
  const loaded = useApi<RegisteredModelDetail>(url);
  const historyUrl = apiUrl(`${url}/history`, { limit: 200 });
  const history = useApi<RegistryChange[]>(historyUrl);
  return (
    <>
      <div class="page-head">
        <nav aria-label="Where you are">
          <ol class="crumbs">
            <li>
              <a href={to('/registry', {}, place.query)}>Registry</a>
            </li>
            <li>
              <h1>{model}</h1>
            </li>
          </ol>
        </nav>
        <a href={to(modelPath(model), {}, place.query)}>How it does</a>
      </div>
      <Await of={loaded} what={model}>
        {(data) => {
          const chosen = data.versions.find((one) => one.version === place.query.get('version')) ?? data.versions[0];
          return (
            <div class="stack">
              {(data.description !== '' || Object.keys(data.tags).length > 0) && (
                <Card title="About">
                  {data.description !== '' && <p class="wrap-any">{data.description}</p>}
                  <Tags of={data.tags} />
                </Card>
              )}
              <Card title="Versions" urls={[url]} flush>
                {data.versions.length === 0 ? (
                  <Empty title="No version yet" />
                ) : (
                  <Versions rows={data.versions} chosen={chosen?.version ?? null} />
                )}
              </Card>
              {chosen !== undefined && <Version key={chosen.version} model={model} version={chosen} />}
              <Card title="History" urls={[historyUrl]} flush>
                <Await of={history} what="history">
                  {(rows) => <Changes rows={rows} />}
                </Await>
              </Card>
            </div>
          );
        }}
      </Await>
    </>
  );
}

function Versions({ rows, chosen }: { rows: readonly RegisteredVersion[]; chosen: string | null }) {
  const { zone, place } = useView();
  const columns: Column<RegisteredVersion>[] = [
    {
      name: 'Version',
      value: (row) => row.version,
      cell: (row) => (
        <a href={change({ version: row.version }, place)} aria-current={row.version === chosen ? 'true' : undefined}>
          <strong>{versionName(row.version)}</strong>
        </a>
      ),
    },
    {
      name: 'Stage',
      value: (row) => row.stage,
      cell: (row) => <span class={row.stage === 'Production' ? 'chip on' : 'chip'}>{row.stage}</span>,
    },
    {
      name: 'Aliases',
      value: (row) => row.aliases.join(', '),
      cell: (row) =>
        row.aliases.map((alias) => (
          <span class="chip" key={alias}>
            @{alias}
          </span>
        )),
    },
    { name: 'Tags', value: (row) => JSON.stringify(row.tags), cell: (row) => <Tags of={row.tags} /> },
    {
      name: 'Description',
      value: (row) => row.description,
      cell: (row) => <span class="wrap-any">{row.description === '' ? '-' : row.description}</span>,
    },
    {
      name: 'Run',
      value: (row) => row.lineage.run_id,
      cell: (row) =>
        row.lineage.run_id === null ? (
          '-'
        ) : (
          <span class="mono" title={row.lineage.run_id}>
            {shorten(row.lineage.run_id)}
          </span>
        ),
    },
    { name: 'Predictions', right: true, value: (row) => row.predictions, cell: (row) => count(row.predictions) },
    { name: 'Made', right: true, value: (row) => row.created_at, cell: (row) => time(row.created_at, zone) },
    { name: 'By', value: (row) => row.created_by },
  ];
  return (
    <Table caption="Versions, newest first" columns={columns} rows={rows} keyOf={(row) => row.version} csv="versions" />
  );
}

function Version({ model, version }: { model: string; version: RegisteredVersion }) {
  const { admin } = useView();
  const [open, setOpen] = useState(false);
  const url = `/v1/registry/models/${encodeURIComponent(model)}/versions/${encodeURIComponent(version.version)}`;
  const detail = useApi<VersionDetail>(url);
  const { lineage } = version;
  const facts: [string, string | null][] = [
    ['Source', lineage.source],
    ['Run', lineage.run_id],
    ['Run link', lineage.run_link],
    ['Commit', lineage.git_commit],
    ['Repository', lineage.git_repository],
    ['Data', lineage.data_version],
    [
      'Baseline',
      version.baseline === null
        ? null
        : `${version.baseline.name}, ${version.baseline.rows.toLocaleString('en-US')} rows`,
    ],
  ];
  return (
    <div class="grid">
      <Card
        title={`Lineage of ${versionName(version.version)}`}
        span={6}
        tools={
          admin && (
            <button type="button" class="button" onClick={() => setOpen(true)}>
              Change stage
            </button>
          )
        }
      >
        <dl class="facts">
          {facts.map(([name, value]) => [
            <dt key={name}>{name}</dt>,
            <dd key={`${name} value`}>{value === null || value === '' ? '-' : value}</dd>,
          ])}
        </dl>
        {Object.keys(version.training_params).length > 0 && (
          <p class="lead spaced-top">
            Trained with <Tags of={version.training_params} />
          </p>
        )}
      </Card>
      <Card title="Measured beside training" span={6} urls={[url]} flush>
        <Await of={detail} what="quality">
          {(data) =>
            data.quality.length === 0 ? (
              <Empty title="Nothing to compare">
                Neither training nor production has reported numbers of this version.
              </Empty>
            ) : (
              <Quality rows={data.quality} />
            )
          }
        </Await>
      </Card>
      {open && <Transition model={model} version={version} close={() => setOpen(false)} />}
    </div>
  );
}

function Quality({ rows }: { rows: VersionDetail['quality'] }) {
  type Row = VersionDetail['quality'][number];
  const columns: Column<Row>[] = [
    { name: 'Metric', value: (row) => metricName(row.metric) },
    {
      name: 'Training',
      right: true,
      value: (row) => row.training,
      cell: (row) => metricValue(row.metric, row.training),
    },
    {
      name: 'Measured',
      right: true,
      value: (row) => row.measured,
      cell: (row) => (
        <>
          {metricValue(row.metric, row.measured)}{' '}
          <small>{plusMinus(row.metric, row.measured, row.lower, row.upper)}</small>
        </>
      ),
    },
    { name: 'n', right: true, value: (row) => row.n, cell: (row) => row.n.toLocaleString('en-US') },
    { name: 'Labels in', right: true, value: (row) => row.coverage, cell: (row) => share(row.coverage) },
  ];
  return (
    <Table
      caption="Numbers of training and of production"
      columns={columns}
      rows={rows}
      keyOf={(row) => row.metric}
      csv="quality of version"
    />
  );
}

function Transition({ model, version, close }: { model: string; version: RegisteredVersion; close: () => void }) {
  const { values, bind, sending } = useForm<{ stage: string; archive: boolean; comment: string }>({
    stage: STAGES.find((one) => one !== version.stage) ?? 'Staging',
    archive: false,
    comment: '',
  });
  const { stage, archive, comment } = values;
  const act = async (): Promise<void> => {
    const body = { name: model, version: version.version, stage, archive_existing_versions: archive, comment };
    if (
      await sending.run(
        () => send('POST', '/api/2.0/mlflow/model-versions/transition-stage', body),
        `${versionName(version.version)} is in ${stage}`,
      )
    ) {
      close();
      refreshAll();
    }
  };
  return (
    <Dialog title={`Stage of ${model} ${versionName(version.version)}`} close={close}>
      <Complaint error={sending.error} />
      <p>It is in {version.stage}. A change is written to the history, and tells every webhook that listens.</p>
      <div class="form spaced-top">
        <ChoiceField
          label="To"
          {...bind('stage')}
          values={STAGES.filter((one) => one !== version.stage).map((one) => [one, one] as const)}
        />
        <TextField label="Comment" {...bind('comment')} wide />
      </div>
      {(stage === 'Production' || stage === 'Staging') && (
        <div class="spaced-top">
          <CheckField label={`archive what is in ${stage} now`} {...bind('archive')} />
        </div>
      )}
      <div class="row spaced-top">
        <button type="button" class="button primary" disabled={sending.busy} onClick={() => void act()}>
          Move to {stage}
        </button>
        <button type="button" class="button" onClick={close}>
          Cancel
        </button>
      </div>
    </Dialog>
  );
}
