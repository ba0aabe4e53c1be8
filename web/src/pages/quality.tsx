// Quality in detail: every number of the range, confusion matrix, calibration, ROC, segments behind a change, and one version against another.
import { useMemo } from 'preact/hooks';
import type { Calibration, Confusion, Roc } from '../../../src/domain/contract/metrics.js';
import { modelUrl } from '../lib/api.js';
import { useApi } from '../lib/data.js';
import { metricName, number, share } from '../prepare/format.js';
import { matrixView } from '../prepare/confusion.js';
import { calibrationView, rocView } from '../prepare/curves.js';
import { paletteOf } from '../prepare/palette.js';
import { Card } from '../ui/card.js';
import { Chart } from '../ui/chart.js';
import { CountFirst } from '../ui/count-first.js';
import { Measured } from '../ui/measured.js';
import { Await, Empty } from '../ui/states.js';
import { CsvButton } from '../ui/table.js';
import { useView } from '../ui/view.js';
import { CompareCard } from './compare.js';
import { SegmentsCard } from './contributions.js';
import { ModelFrame, type ModelView } from './model-head.js';
import { NumbersCard, useRangeNumbers } from './quality-numbers.js';

const NO_LABELS = 'No prediction of this range has its ground truth yet.';

export function QualityPage({ model }: { model: string }) {
  return (
    <ModelFrame model={model} part="quality">
      {(view) =>
        view.model.task === 'none' ? (
          <section class="card">
            <Empty title="This model has no ground truth">
              Quality compares predictions with what turned out to be true. Set ground_truth of the model where there is
              any.
            </Empty>
          </section>
        ) : (
          <div class="grid">
            <NumbersCard view={view} />
            {view.model.task !== 'regression' && <ConfusionCard view={view} />}
            {view.model.task === 'binary' && <CalibrationCard view={view} />}
            {view.model.task === 'binary' && <RocCard view={view} />}
            <CompareCard view={view} />
            <SegmentsCard view={view} />
          </div>
        )
      }
    </ModelFrame>
  );
}

/** The address of a question about the range and version of the page. */
function ask(view: ModelView, part: string, more: Record<string, string> = {}): string {
  return modelUrl(view.model.model, part, { ...more, version: view.version, from: view.from, to: view.to });
}

function ConfusionCard({ view }: { view: ModelView }) {
  // Of a binary model it follows from stored numbers; the cells of several classes are counted.
  const binary = view.model.task === 'binary';
  const url = ask(view, 'confusion', binary ? { counts: 'stored' } : {});
  return (
    <Card title="Confusion matrix" span={binary ? 4 : 12} urls={[url]}>
      <CountFirst n={binary ? 0 : rowsOf(view)} name="confusion" what="the matrix">
        {() => <ConfusionOf url={url} />}
      </CountFirst>
    </Card>
  );
}

/** Predictions of the version in the range. */
function rowsOf(view: ModelView): number {
  return view.model.predictions.value ?? 0;
}

function ConfusionOf({ url }: { url: string }) {
  const loaded = useApi<Confusion>(url);
  return (
    <Await of={loaded} what="the confusion matrix">
      {(data) => (data.n === 0 ? <Empty title="Waiting for labels">{NO_LABELS}</Empty> : <Matrix data={data} />)}
    </Await>
  );
}

function Matrix({ data }: { data: Confusion }) {
  const view = matrixView(data);
  return (
    <>
      <p class="lead">{view.sentence}</p>
      <div class="table-scroll" role="region" aria-label="Confusion matrix" tabIndex={0}>
        <table class="matrix">
          <caption class="hidden">{view.sentence}</caption>
          <thead>
            <tr>
              <th scope="col">true ↓ predicted →</th>
              {data.labels.map((label) => (
                <th key={label} scope="col">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {view.rows.map((row) => (
              <tr key={row.label}>
                <th scope="row">{row.label}</th>
                {row.cells.map((cell, i) => (
                  <td key={i} class={cell.right ? 'right' : undefined}>
                    <b>{cell.count.toLocaleString('en-US')}</b>
                    <small class="muted">{share(cell.share)} of row</small>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <CsvButton
        name="confusion matrix"
        head={['true', ...data.labels]}
        rows={() => view.rows.map((row) => [row.label, ...row.cells.map((cell) => cell.count)])}
      />
    </>
  );
}

function CalibrationCard({ view }: { view: ModelView }) {
  const url = ask(view, 'calibration');
  return (
    <Card title="Calibration" span={4} urls={[url]}>
      <CountFirst n={rowsOf(view)} name="calibration" what="the curve">
        {() => <CalibrationOf url={url} />}
      </CountFirst>
    </Card>
  );
}

function CalibrationOf({ url }: { url: string }) {
  const { dark } = useView();
  const loaded = useApi<Calibration>(url);
  const chart = useMemo(
    () => (loaded.data === null ? null : calibrationView(loaded.data, paletteOf(dark))),
    [loaded.data, dark],
  );
  return (
    <Await of={loaded} what="the calibration curve">
      {(data) =>
        data.n === 0 || chart === null ? (
          <Empty title="Waiting for labels">{NO_LABELS}</Empty>
        ) : (
          <>
            <p class="lead">
              Calibration error {number(data.calibration_error)}, n = {data.n.toLocaleString('en-US')},{' '}
              {share(data.coverage)} labelled
            </p>
            <Chart view={chart} name="calibration" height={280} />
          </>
        )
      }
    </Await>
  );
}

function RocCard({ view }: { view: ModelView }) {
  const url = ask(view, 'roc');
  return (
    <Card title="ROC" span={4} urls={[url]}>
      <CountFirst n={rowsOf(view)} name="roc" what="the curve" note={<Stored view={view} metric="roc_auc" />}>
        {() => <RocOf url={url} />}
      </CountFirst>
    </Card>
  );
}

function RocOf({ url }: { url: string }) {
  const { dark } = useView();
  const loaded = useApi<Roc>(url);
  const chart = useMemo(
    () => (loaded.data === null ? null : rocView(loaded.data, paletteOf(dark))),
    [loaded.data, dark],
  );
  return (
    <Await of={loaded} what="the ROC curve">
      {(data) =>
        data.auc === null || chart === null ? (
          <Empty title={data.n === 0 ? 'Waiting for labels' : 'Not enough data'}>
            {data.n === 0 ? NO_LABELS : 'A curve needs both classes.'}
          </Empty>
        ) : (
          <>
            <p class="lead">
              AUC {number(data.auc)}
              {data.lower === null || data.upper === null ? '' : ` (${number(data.lower)} to ${number(data.upper)})`}, n
              = {data.n.toLocaleString('en-US')}
            </p>
            <Chart view={chart} name="roc" height={280} />
          </>
        )
      }
    </Await>
  );
}

/** What computed windows say of a number, before its rows are counted. */
function Stored({ view, metric }: { view: ModelView; metric: string }) {
  const { loaded } = useRangeNumbers(view);
  const found = loaded.data?.find((one) => one.metric === metric && one.version === view.version);
  if (found === undefined || found.value === null) return null;
  return (
    <>
      {metricName(metric)} <Measured {...found} metric={metric} /> on average over computed windows.
    </>
  );
}
