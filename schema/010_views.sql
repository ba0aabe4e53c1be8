-- What people query: POST /v1/query reads these views and nothing else. docs/queries.md explains every column.
-- A view shows the latest row only, and leaves out what the store needs for itself (row_version, is_deleted).

-- Predictions with their ground truth. Keys of num, str, flag and json are paths (inputs.age, outputs.label); keys of truth_* are
-- keys of `values`. Conditions on model and ts reach the primary key of predictions. The settings are the view's own: with
-- join_use_nulls from outside, a prediction without ground truth could not be given its empty maps.
CREATE VIEW IF NOT EXISTS v_predictions AS
SELECT
    p.model AS model,
    p.version AS version,
    p.deployment AS deployment,
    p.prediction_id AS prediction_id,
    p.external_id AS external_id,
    p.ts AS ts,
    p.num AS num,
    p.str AS str,
    p.flag AS flag,
    p.json AS json,
    p.metrics AS metrics,
    p.tags AS tags,
    p.latency_ms AS latency_ms,
    p.status AS status,
    p.error AS error,
    p.request_bytes AS request_bytes,
    p.response_bytes AS response_bytes,
    p.cpu_ms AS cpu_ms,
    p.memory_bytes AS memory_bytes,
    p.received_at AS received_at,
    t.truth_num AS truth_num,
    t.truth_str AS truth_str,
    t.truth_flag AS truth_flag,
    t.truth_json AS truth_json,
    t.labelled AS labelled,
    t.labelled_at AS labelled_at
FROM (SELECT * FROM predictions FINAL) AS p
LEFT ANY JOIN
(
    SELECT
        prediction_id,
        CAST(groupArrayIf((key, number), kind = 'number'), 'Map(String, Float64)') AS truth_num,
        CAST(groupArrayIf((key, text), kind = 'string'), 'Map(String, String)') AS truth_str,
        CAST(groupArrayIf((key, number != 0), kind = 'boolean'), 'Map(String, Bool)') AS truth_flag,
        CAST(groupArrayIf((key, text), kind = 'json'), 'Map(String, String)') AS truth_json,
        toUInt8(1) AS labelled,
        CAST(max(ts), 'Nullable(DateTime64(3, \'UTC\'))') AS labelled_at
    FROM ground_truth FINAL
    WHERE kind != 'null'
    GROUP BY prediction_id
) AS t ON p.prediction_id = t.prediction_id
SETTINGS join_use_nulls = 0;

-- Every computed number.
CREATE VIEW IF NOT EXISTS v_metrics AS
SELECT
    model, version, deployment, segment, feature, metric, window_start, window_end,
    value, lower, upper, n, coverage, nullIf(baseline, '') AS baseline, status, method, computed_at
FROM metric_points FINAL;

-- Counts per bin of each window and field, in the bins of one baseline.
CREATE VIEW IF NOT EXISTS v_profiles AS
SELECT model, version, deployment, segment, feature, window_start, window_end, baseline_id, counts, n
FROM profiles FINAL;

-- The newest line of every alert.
CREATE VIEW IF NOT EXISTS v_alerts AS
SELECT
    alert_id, rule, model, version, deployment, segment, feature, metric, state, nullIf(severity, '') AS severity,
    value, threshold, since, window_start, window_end, why, at AS updated_at
FROM (SELECT * FROM alert_events ORDER BY row_version DESC LIMIT 1 BY alert_id);
