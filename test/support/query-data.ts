// The data of the query tests: predictions with labels, numbers, counts and alerts, some of them replaced or deleted.
import type { Store } from '../../src/store/store.js';

/** Predictions that were stored; the one before the last is deleted. */
export const ROWS = 60_000;

/** Prediction `i` is at 2025-01-01 plus i minutes; labels exist for the first half of flights. */
const FILL = [
  `INSERT INTO predictions (model, version, deployment, prediction_id, external_id, ts, num, str, flag, json, metrics, tags, latency_ms, status, received_at, row_version, is_deleted)
   SELECT if(number % 2 = 0, 'flights', 'other'), toString(intDiv(number, 30000) + 1), '', reinterpretAsUUID(sipHash128(number)), '',
     toDateTime64('2025-01-01 00:00:00', 3, 'UTC') + toIntervalMinute(number),
     map('inputs.distance', number, 'outputs.probability', (number % 100) / 100), map('inputs.origin', 'ORD'), map('outputs.label', number % 4 = 0),
     map('inputs.list', '[1]'), map('tokens', 3), map('region', if(number % 3 = 0, 'EU', 'US')), number % 50, 'ok', now64(3), number + 1, 0
   FROM numbers(${ROWS})`,
  // The newest prediction again, with another input; the one before it is deleted.
  `INSERT INTO predictions SELECT * REPLACE (map('inputs.distance', -1.) AS num, row_version + ${ROWS} AS row_version) FROM predictions WHERE predictions.row_version = ${ROWS}`,
  `INSERT INTO predictions SELECT * REPLACE (row_version + ${ROWS} AS row_version, 1 AS is_deleted) FROM predictions WHERE predictions.row_version = ${ROWS - 1}`,
  `INSERT INTO ground_truth SELECT reinterpretAsUUID(sipHash128(number)), 'late', 'boolean', number % 4 = 0, '', toDateTime64('2025-03-01 00:00:00', 3, 'UTC'), now64(3), number + 1, 0
   FROM numbers(${ROWS / 2}) WHERE number % 2 = 0`,
  ...[
    `'minutes', 'number', 7.5, ''`,
    `'cause', 'string', 0, 'fog'`,
    `'legs', 'json', 0, '[1,2]'`,
    `'gone', 'null', 0, ''`,
  ].map(
    (value) =>
      `INSERT INTO ground_truth SELECT reinterpretAsUUID(sipHash128(toUInt64(0))), ${value}, toDateTime64('2025-03-02 00:00:00', 3, 'UTC'), now64(3), 900000, 0`,
  ),
  // A label that was taken back: null is no label.
  `INSERT INTO ground_truth SELECT reinterpretAsUUID(sipHash128(toUInt64(2))), 'late', 'null', 0, '', now64(3), now64(3), 900001, 0`,
  `INSERT INTO metric_points SELECT 'flights', '1', '', '', 'inputs.distance', metric, toDateTime64('2025-01-01 00:00:00', 3, 'UTC') + toIntervalDay(day), toDateTime64('2025-01-02 00:00:00', 3, 'UTC') + toIntervalDay(day),
     0.9 - day / 20, NULL, 0.1, 100, NULL, '', 'ok', 'exact', now64(3), day + 1, 0 FROM (SELECT number AS day FROM numbers(5)) AS d CROSS JOIN (SELECT arrayJoin(['psi', 'accuracy']) AS metric) AS m`,
  `INSERT INTO metric_points SELECT * REPLACE (0.42 AS value, 100 AS row_version) FROM metric_points WHERE metric_points.row_version = 5`,
  `INSERT INTO metric_points SELECT * REPLACE (1 AS is_deleted, 100 AS row_version) FROM metric_points WHERE metric_points.row_version = 1`,
  `INSERT INTO profiles SELECT 'flights', '1', '', '', 'inputs.distance', toDateTime64('2025-01-01 00:00:00', 3, 'UTC'), toDateTime64('2025-01-02 00:00:00', 3, 'UTC'), generateUUIDv4(), [1, 2], 3, 1, 0`,
  ...['pending', 'firing'].map(
    (state, index) =>
      `INSERT INTO alert_events SELECT reinterpretAsUUID(sipHash128('alert')), 'drift', 'flights', '1', '', '', 'inputs.distance', 'psi', '${state}', '${index === 0 ? '' : 'critical'}', 0.3, 0.2,
         now64(3), now64(3), now64(3), 'moved', '{}', now64(3), ${index + 1}`,
  ),
];

/** Write the data. */
export async function fillForQueries(store: Store): Promise<void> {
  for (const sql of FILL) await store.command({ name: 'fill', sql });
}
