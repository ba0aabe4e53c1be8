// Versions held against one another by the registry: those that stand by against the champion, and those that took over against what they replaced.
import type { Challenger, FrozenComparison } from '../../../src/domain/contract/registry.js';
import type { MetricPointJson } from '../../../src/domain/contract/metrics.js';
import { apiUrl } from '../lib/api.js';
import { useApi } from '../lib/data.js';
import { interval, time, versionName } from '../prepare/format.js';
import { QUALITY_BY_TASK } from '../prepare/model.js';
import { Card } from '../ui/card.js';
import { CountFirst } from '../ui/count-first.js';
import { useSeen } from '../ui/seen.js';
import { Await, Empty } from '../ui/states.js';
import { Status } from '../ui/status.js';
import { useView } from '../ui/view.js';
import { ComparisonTable } from './comparison-table.js';
import type { ModelView } from './model-head.js';

const registryUrl = (model: string, part: string, query: Record<string, string> = {}): string =>
  apiUrl(`/v1/registry/models/${encodeURIComponent(model)}/${part}`, query);

/** Quality first, then how the versions serve. */
const SHOWN: readonly string[] = [
  ...new Set(Object.values(QUALITY_BY_TASK).flat()),
  ...['label_coverage', 'error_rate', 'latency_p50', 'latency_p95', 'latency_p99'],
];

/** What was compared, with or without a result of its test. */
function compared(points: readonly MetricPointJson[]): MetricPointJson[] {
  const known = points.filter((point) => point.value !== null && typeof point.difference === 'number');
  const shown = known.filter((point) => SHOWN.includes(point.metric));
  return [...shown].sort((a, b) => SHOWN.indexOf(a.metric) - SHOWN.indexOf(b.metric));
}

/** Versions that stand by on the same traffic; nothing where none does. Counted from rows, so only when it is seen. */
export function ChallengersCard({ view }: { view: ModelView }) {
  const [seen, mark] = useSeen();
  const { model, from, to } = view;
  const standing = model.versions.filter((one) => one.stands_by);
  if (standing.length === 0) return null;
  const url = registryUrl(model.model, 'challengers', { from, to });
  // Each of them and the champion, on about as many predictions.
  const n = (standing.length + 1) * (model.predictions.value ?? 0);
  return (
    <Card title="Challengers against the champion" span={12} urls={[url]} flush>
      <div ref={mark} />
      <CountFirst n={n} name="challengers" what="both versions">
        {() => <Challengers url={seen ? url : null} />}
      </CountFirst>
    </Card>
  );
}

function Challengers({ url }: { url: string | null }) {
  const { zone } = useView();
  const loaded = useApi<Challenger[]>(url);
  return (
    <Await of={loaded} what="challengers">
      {(data) =>
        data.length === 0 ? (
          <Empty title="There is no champion">
            A version in Production, or with the alias champion, is what those that stand by are held against.
          </Empty>
        ) : (
          <>
            {data.map((one) => (
              <div key={one.version}>
                <p class="lead strip-head">
                  <strong>{versionName(one.version)}</strong> (
                  {[one.stage, ...one.aliases.map((a) => `@${a}`)].join(', ')}) against{' '}
                  <strong>{versionName(one.champion)}</strong>, {interval(one.from, one.to, zone)}
                </p>
                <Numbers {...one} name={`challenger-${one.version}`} other={one.champion} />
              </div>
            ))}
          </>
        )
      }
    </Await>
  );
}

function Numbers({
  name,
  version,
  other,
  points,
  detail,
}: {
  name: string;
  version: string;
  other: string;
  points: readonly MetricPointJson[];
  detail: string | null;
}) {
  const rows = compared(points);
  if (rows.length === 0)
    return <Empty title="Nothing to compare">{detail ?? 'Neither version has numbers that the other has too.'}</Empty>;
  return <ComparisonTable name={name} version={version} other={other} rows={rows} />;
}

/** What was written down of a version and the one it replaced, each time that it took over. */
export function TakeoverCard({ model, version }: { model: string; version: string }) {
  const { zone } = useView();
  const url = registryUrl(model, 'comparisons');
  const loaded = useApi<FrozenComparison[]>(url);
  const mine = (loaded.data ?? []).filter((one) => one.version === version);
  if (loaded.data !== null && mine.length === 0) return null;
  return (
    <Card title="When it took over" span={12} urls={[url]} flush>
      <Await of={loaded} what="comparisons">
        {() => (
          <>
            {mine.map((one) => (
              <div key={one.time}>
                <p class="lead strip-head">
                  {time(one.time, zone)}, {one.reason}, by {one.by}: <strong>{versionName(one.version)}</strong> in
                  place of <strong>{versionName(one.replaced)}</strong>. Numbers of {interval(one.from, one.to, zone)},
                  as they were known then.
                </p>
                {one.state === 'pending' ? (
                  <Empty title="Being computed">
                    <Status status="running" />
                  </Empty>
                ) : (
                  <Numbers {...one} name={`takeover-${one.time}`} other={one.replaced} />
                )}
              </div>
            ))}
          </>
        )}
      </Await>
    </Card>
  );
}
