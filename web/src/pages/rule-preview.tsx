// What a rule would watch and would have done, while it is written: nothing is saved, nothing is sent.
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Backtest } from '../../../src/domain/contract/alerts.js';
import type { MetricPointJson } from '../../../src/domain/contract/metrics.js';
import type { Overview } from '../../../src/domain/contract/overview.js';
import { ApiError, apiUrl, modelUrl, send } from '../lib/api.js';
import { useApi, useDebounced } from '../lib/data.js';
import { interval, limitValue, metricName, metricValue, plural, time, versionName } from '../prepare/format.js';
import { matches } from '../prepare/model.js';
import { paletteOf } from '../prepare/palette.js';
import type { RuleForm } from '../prepare/rule.js';
import { previewLines, previewLevels } from '../prepare/rule-preview.js';
import { seriesView } from '../prepare/series.js';
import { Card } from '../ui/card.js';
import { Chart } from '../ui/chart.js';
import { Await, Empty, Failed, Loading } from '../ui/states.js';
import { Status } from '../ui/status.js';
import { Table, type Column } from '../ui/table.js';
import { useView } from '../ui/view.js';

/** How long typing rests before the preview follows, ms. */
const REST = 400;

export function RulePreview({ form, document }: { form: RuleForm; document: Record<string, unknown> }) {
  const { range } = useView();
  const settled = useDebounced(JSON.stringify(document), REST);
  const model = form.model.includes('*') ? null : form.model;
  const overview = useApi<Overview>(apiUrl('/v1/overview', { from: range.from, to: range.to, model }));
  return (
    <Await of={overview} what="the range">
      {({ from, to }) => (
        <>
          <Preview form={form} from={from} to={to} />
          <Tried document={settled} from={from} to={to} />
        </>
      )}
    </Await>
  );
}

function Preview({ form, from, to }: { form: RuleForm; from: string; to: string }) {
  const { zone, dark } = useView();
  const { model, metric, version, feature, segment } = useDebounced(form, REST);
  const exact = (pattern: string): string | undefined => (pattern.includes('*') ? undefined : pattern);
  const asks = model !== '' && !model.includes('*') && metric !== '';
  const url = asks
    ? modelUrl(model, 'metrics', {
        metric,
        version: exact(version),
        feature: exact(feature) || undefined,
        segment: exact(segment),
        from,
        to,
      })
    : null;
  const points = useApi<MetricPointJson[]>(url);
  const watched = useMemo(
    () =>
      (points.data ?? []).filter(
        (point) =>
          matches(version || '*', point.version) && matches(feature, point.feature) && matches(segment, point.segment),
      ),
    [points.data, version, feature, segment],
  );
  const lines = useMemo(() => previewLines(watched, metric), [watched, metric]);
  const chart = useMemo(
    () => seriesView({ metric, lines: lines.shown, zone, palette: paletteOf(dark), levels: previewLevels(form) }),
    [lines, form.warning, form.critical, form.op, form.relative_to, zone, dark, metric],
  );
  return (
    <Card
      title="The numbers it watches"
      urls={[url]}
      lead={`${interval(from, to, zone)}: ${plural(lines.total, 'series', 'series')}${lines.total > lines.shown.length ? `, the ${lines.shown.length} farthest out are shown` : ''}.`}
    >
      {!asks ? (
        <Empty title="Several models">Name one model to see its numbers; the backtest below covers all of them.</Empty>
      ) : (
        <Await of={points} what="numbers">
          {() =>
            lines.total === 0 ? (
              <Empty title="No such numbers in this range">
                Check the metric, the field and the version: nothing that was computed fits them.
              </Empty>
            ) : (
              <Chart view={chart} name={`preview ${metric}`} height={220} />
            )
          }
        </Await>
      )}
    </Card>
  );
}

function Tried({ document, from, to }: { document: string; from: string; to: string }) {
  const { zone } = useView();
  const [state, set] = useState<{ result: Backtest | null; error: ApiError | null; busy: boolean }>({
    result: null,
    error: null,
    busy: true,
  });
  useEffect(() => {
    let gone = false;
    set((last) => ({ ...last, busy: true }));
    send<Backtest>('POST', '/v1/alert-rules/backtest', { rule: JSON.parse(document) as unknown, from, to }).then(
      (result) => {
        if (!gone) set({ result, error: null, busy: false });
      },
      (error: unknown) => {
        const known = error instanceof ApiError ? error : new ApiError(0, 'page', 'The page failed', String(error));
        if (!gone) set({ result: null, error: known, busy: false });
      },
    );
    return () => {
      gone = true;
    };
  }, [document, from, to]);
  const { result, error, busy } = state;
  const { metric = '' } = JSON.parse(document) as { metric?: string };
  return (
    <Card title="Backtest: what it would have done" flush>
      <div aria-live="polite" data-testid="backtest" class={busy ? 'stale' : undefined}>
        {error !== null && <Failed error={error} />}
        {error === null && result === null && <Loading what="the backtest" />}
        {result !== null && (
          <>
            <p class="lead strip-head">
              {interval(from, to, zone)}: {plural(result.series, 'series', 'series')} over{' '}
              {plural(result.windows, 'window')};{' '}
              <strong>
                {result.fired.length === 0
                  ? 'it would not have fired'
                  : `it would have fired ${plural(result.fired.length, 'time')}`}
              </strong>
              . Nothing is sent.
            </p>
            {result.fired.length > 0 && (
              <Table
                name="backtest"
                caption={`What would have fired for ${metricName(metric)}`}
                columns={columns(metric, zone)}
                rows={result.fired}
                keyOf={(_, i) => i}
                csv="backtest"
              />
            )}
          </>
        )}
      </div>
    </Card>
  );
}

type Fired = Backtest['fired'][number];

function columns(metric: string, zone: 'UTC' | 'local'): Column<Fired>[] {
  return [
    { name: 'Severity', value: (row) => row.severity, cell: (row) => <Status status={row.severity} /> },
    {
      name: 'Series',
      value: (row) => `${row.version} ${row.feature} ${row.segment}`,
      cell: (row) => [versionName(row.version), row.feature, row.segment].filter((part) => part !== '').join(' · '),
    },
    { name: 'Since', value: (row) => row.since, cell: (row) => time(row.since, zone) },
    { name: 'Fired at', value: (row) => row.fired_at, cell: (row) => time(row.fired_at, zone) },
    {
      name: 'Resolved at',
      value: (row) => row.resolved_at,
      cell: (row) => (row.resolved_at === null ? 'still firing' : time(row.resolved_at, zone)),
    },
    { name: 'Value', right: true, value: (row) => row.value, cell: (row) => metricValue(metric, row.value) },
    { name: 'Limit', right: true, value: (row) => row.threshold, cell: (row) => limitValue(metric, row.threshold) },
  ];
}
