// The five numbers at the top of a model's page, each with its uncertainty, its change and its course.
import type { ComponentChildren } from 'preact';
import type { OverviewModel } from '../../../src/domain/contract/overview.js';
import { betterIs, count, delta, metricName, metricValue, plusMinus, seconds, share } from '../prepare/format.js';
import { referencePhrase } from '../prepare/reference.js';
import { Measured } from '../ui/measured.js';
import { Spark } from '../ui/spark.js';
import { useView } from '../ui/view.js';
import type { ModelView } from './model-head.js';

function Tile({
  name,
  children,
  note,
  values,
}: {
  name: string;
  children: ComponentChildren;
  note: ComponentChildren;
  values: readonly (number | null)[];
}) {
  return (
    <div class="tile">
      <dt>{name}</dt>
      <dd>
        <div class="value">{children}</div>
        <div class="note">{note}</div>
        <Spark values={values} />
      </dd>
    </div>
  );
}

/** The change against the range before; nothing where there is none. */
function changed(metric: string, { value, previous }: OverviewModel['error_rate']): string[] {
  const text = delta(metric, value, previous);
  return text === '' ? [] : [`${text} against the range before`];
}

/** How many more inputs are beyond their limit than at the end of the range before. */
function driftChange({ drifted, previous }: OverviewModel['drift']): string {
  if (previous === null) return '';
  const more = drifted - previous.drifted;
  return `${more === 0 ? 'as many as' : more > 0 ? `+${more} against` : `${more} against`} the range before; `;
}

export function Tiles({ view: { model } }: { view: ModelView }) {
  const { zone } = useView();
  const { predictions, quality, label_coverage: labels, drift, latency_p95: latency, error_rate: errors } = model;
  const trend = delta('prediction_count', predictions.value, predictions.previous);
  const change = quality === null ? '' : delta(quality.metric, quality.value, quality.reference);
  const worse = quality !== null && change !== '' && change.startsWith('-') === (betterIs(quality.metric) === 'higher');
  const series = (points: readonly { value: number | null }[]): (number | null)[] => points.map((point) => point.value);
  return (
    <dl class="tiles">
      <Tile
        name="predictions"
        values={series(predictions.series)}
        note={trend === '' ? 'nothing in the range before' : `${trend} against the range before`}
      >
        <span data-testid="predictions">{count(predictions.value)}</span>
      </Tile>
      <Tile
        name={quality === null ? 'quality' : metricName(quality.metric)}
        values={quality === null ? [] : series(quality.series)}
        note={
          quality === null ? (
            model.task === 'none' ? (
              'this model has no ground truth'
            ) : (
              'no labelled window in this range'
            )
          ) : change === '' ? (
            'over the range, weighted by n'
          ) : (
            <>
              <span class={worse ? 'worse' : undefined}>{change}</span> {referencePhrase(quality, model.version, zone)}
            </>
          )
        }
      >
        {quality === null ? (
          '-'
        ) : (
          <>
            <Measured {...quality} testId="quality" />
          </>
        )}
      </Tile>
      <Tile
        name="labels in"
        values={series(labels.series)}
        note={[
          model.label_lag_p90.value === null
            ? 'how late they come is not known'
            : `p90 ${seconds(model.label_lag_p90.value)} after the prediction`,
          ...changed('label_coverage', labels),
        ].join('; ')}
      >
        {model.task === 'none' ? '-' : <Measured {...labels} metric="label_coverage" testId="labels" />}
      </Tile>
      <Tile
        name="drifted inputs"
        values={series(drift.series)}
        note={
          drift.worst === null
            ? 'no baseline to compare with'
            : `${driftChange(drift)}${drift.breached} in this range; worst ${drift.worst.feature}, PSI ${metricValue('psi', drift.worst.value)} (limit ${metricValue('psi', drift.worst.limit)})`
        }
      >
        <span data-testid="drifted">{drift.compared === 0 ? '-' : `${drift.drifted} of ${drift.compared}`}</span>
        <small>now</small>
      </Tile>
      <Tile
        name="errors, p95 latency"
        values={series(latency.series)}
        note={[
          'mean over windows, weighted by n',
          ...changed('error_rate', errors).map((text) => `errors ${text}`),
          ...changed('latency_p95', latency).map((text) => `p95 ${text}`),
        ].join('; ')}
      >
        <span>{share(errors.value, 2)}</span>
        <small>{plusMinus('error_rate', errors.value, errors.lower, errors.upper)}</small>
        <span>{metricValue('latency_p95', latency.value)}</span>
      </Tile>
    </dl>
  );
}
