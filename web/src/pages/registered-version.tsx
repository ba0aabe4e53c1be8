// One version of a registered model: its lineage, its aliases, what it does beside what training promised, and a change of its stage.
import { useState } from 'preact/hooks';
import type { RangeNumber } from '../../../src/domain/contract/metrics.js';
import type { RegisteredVersion } from '../../../src/domain/contract/registry.js';
import { apiUrl, modelUrl, send } from '../lib/api.js';
import { refreshAll, useApi } from '../lib/data.js';
import { delta, metricName, metricValue, versionName } from '../prepare/format.js';
import { ALL_SUMMARISED } from '../prepare/model.js';
import { comparisonRows, SUMMARISED_NOTE, type ComparisonRow } from '../prepare/range-numbers.js';
import { Card } from '../ui/card.js';
import { ConfirmButton, Dialog } from '../ui/dialog.js';
import { CheckField, ChoiceField, Complaint, TextField, useForm } from '../ui/form.js';
import { Measured } from '../ui/measured.js';
import { Await, Empty } from '../ui/states.js';
import { Table, type Column } from '../ui/table.js';
import { useView } from '../ui/view.js';
import { TakeoverCard } from './challengers.js';
import { Tags } from './registry.js';

const STAGES = ['None', 'Staging', 'Production', 'Archived'] as const;
/** Of a model, ms. */
const LONGEST_WINDOW = 30 * 86_400_000;
const MLFLOW = '/api/2.0/mlflow';

export function Version({ model, version }: { model: string; version: RegisteredVersion }) {
  const { admin } = useView();
  const [open, setOpen] = useState(false);
  // From stored windows: the version's detail counts every row that it ever predicted.
  const tracked = version.first_seen !== null && version.last_seen !== null;
  const url = tracked
    ? modelUrl(model, 'summary', {
        metric: [...ALL_SUMMARISED, 'label_coverage'],
        version: version.version,
        // Windows may begin up to their length before their first prediction.
        from: new Date(new Date(version.first_seen ?? 0).getTime() - LONGEST_WINDOW).toISOString(),
        // The window of the newest prediction starts before it.
        to: new Date(new Date(version.last_seen ?? 0).getTime() + 1).toISOString(),
      })
    : null;
  const measured = useApi<RangeNumber[]>(url);
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
        <Aliases model={model} version={version} />
        {Object.keys(version.training_params).length > 0 && (
          <p class="lead spaced-top">
            Trained with <Tags of={version.training_params} />
          </p>
        )}
      </Card>
      <Card title="Measured beside training" span={6} urls={[url]} flush>
        {url === null ? (
          <Compared rows={comparisonRows(version.training_metrics, [])} />
        ) : (
          <Await of={measured} what="quality">
            {(data) => <Compared rows={comparisonRows(version.training_metrics, data)} />}
          </Await>
        )}
      </Card>
      <TakeoverCard model={model} version={version.version} />
      {open && <Transition model={model} version={version} close={() => setOpen(false)} />}
    </div>
  );
}

/** Names that point at the version; one name points at one version, so setting it here takes it from another. */
function Aliases({ model, version }: { model: string; version: RegisteredVersion }) {
  const { admin } = useView();
  const { values, bind, change, sending } = useForm({ alias: '' });
  const alias = values.alias.trim().replace(/^@/, '');
  const url = `${MLFLOW}/registered-models/alias`;
  const set = async (): Promise<void> => {
    const body = { name: model, alias, version: version.version };
    if (!(await sending.run(() => send('POST', url, body), `@${alias} is ${versionName(version.version)} now`))) return;
    change({ alias: '' });
    refreshAll();
  };
  if (!admin && version.aliases.length === 0) return null;
  return (
    <form
      class="stack-tight spaced-top"
      aria-label="Aliases"
      onSubmit={(event) => {
        event.preventDefault();
        void set();
      }}
    >
      <h3>Aliases</h3>
      {version.aliases.length === 0 && <span class="muted small">No name points at this version.</span>}
      {version.aliases.map((one) => (
        <div class="row" key={one}>
          <span class="chip">@{one}</span>
          {admin && (
            <ConfirmButton
              label={`Remove @${one}`}
              question={`Remove the alias ${one}? Whoever asks for models:/${model}@${one} finds nothing until it is set again.`}
              confirm="Remove the alias"
              run={async () => {
                await send('DELETE', apiUrl(url, { name: model, alias: one }));
                refreshAll();
              }}
            />
          )}
        </div>
      ))}
      {admin && (
        <>
          <Complaint error={sending.error} />
          <div class="row bottom">
            <TextField label="New alias" {...bind('alias')} placeholder="champion" />
            <button type="submit" class="button" disabled={alias === '' || sending.busy}>
              Set alias
            </button>
          </div>
        </>
      )}
    </form>
  );
}

function Compared({ rows }: { rows: readonly ComparisonRow[] }) {
  if (rows.length === 0)
    return (
      <Empty title="Nothing to compare">
        Neither training nor production has reported numbers of this version. Tags such as training.accuracy tell what
        training measured.
      </Empty>
    );
  const columns: Column<ComparisonRow>[] = [
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
      value: (row) => row.measured?.value ?? null,
      cell: ({ metric, measured }) => (measured === null ? '-' : <Measured {...measured} metric={metric} />),
    },
    {
      name: 'Change',
      right: true,
      value: (row) => (row.training === null ? null : (row.measured?.value ?? row.training) - row.training),
      cell: ({ metric, measured, training }) => delta(metric, measured?.value ?? null, training) || '-',
    },
    {
      name: 'n',
      right: true,
      value: (row) => row.measured?.n ?? null,
      cell: (row) => row.measured?.n.toLocaleString('en-US') ?? '-',
    },
  ];
  return (
    <Table
      name="training"
      caption="Numbers of training and of production"
      columns={columns}
      rows={rows}
      keyOf={(row) => row.metric}
      csv="quality of version"
      foot={<span>{SUMMARISED_NOTE}</span>}
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
        () => send('POST', `${MLFLOW}/model-versions/transition-stage`, body),
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
