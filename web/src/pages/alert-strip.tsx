// The alerts of a model in a column: what is open first, then the newest of the past.
import type { Alert } from '../../../src/domain/contract/alerts.js';
import type { OverviewModel } from '../../../src/domain/contract/overview.js';
import { to } from '../lib/location.js';
import { worstFirst } from '../prepare/alerts.js';
import { day, limitValue, metricName, metricValue, plural, versionName } from '../prepare/format.js';
import { Empty } from '../ui/states.js';
import { Status } from '../ui/status.js';
import { useView } from '../ui/view.js';

const MOST = 6;

/** Where an alert is: metric, field, segment, version. */
export function alertPlace(alert: Pick<Alert, 'metric' | 'feature' | 'segment' | 'version'>): string {
  return [metricName(alert.metric), alert.feature, alert.segment, versionName(alert.version)]
    .filter((part) => part !== '')
    .join(' · ');
}

export function AlertStrip({ alerts, counts }: { alerts: readonly Alert[]; counts: OverviewModel['alerts'] }) {
  const { zone, place } = useView();
  const shown = alerts.filter((alert) => alert.severity !== null);
  const past = shown.filter((alert) => alert.state === 'resolved');
  const list = worstFirst(shown).slice(0, MOST);
  return (
    <>
      <p class="lead strip-head">
        {plural(counts.firing, 'firing', 'firing')}, {counts.acknowledged} acknowledged, {counts.silenced} silenced,{' '}
        {past.length} resolved
      </p>
      {list.length === 0 ? (
        <Empty title="No alert">
          {shown.length === 0 ? 'No rule has fired for this model.' : undefined}{' '}
          <a href={to('/rules/new', {}, place.query)}>New rule</a>
        </Empty>
      ) : (
        <ul class="strip">
          {list.map((alert) => (
            <li key={alert.id}>
              <div class="line">
                <Status status={alert.state === 'firing' ? (alert.severity ?? 'firing') : alert.state} />
                <a href={to(`/alerts/${alert.id}`, {}, place.query)} class="wrap-any">
                  {alertPlace(alert)}
                </a>
              </div>
              <div class="muted small">
                {metricValue(alert.metric, alert.value)}, limit {limitValue(alert.metric, alert.threshold)}, since{' '}
                {day(alert.since, zone)}
              </div>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
