-- Ground truth, one row per prediction id and key, so that a later call merges per key and the latest value of a key wins.
-- No time and no model in the sort key: a correction always meets the row it corrects, and a label may come before its prediction.
-- kind: number | string | boolean | null | json. number holds numbers, text holds everything else (booleans as true / false).
CREATE TABLE IF NOT EXISTS ground_truth
(
    prediction_id UUID,
    key LowCardinality(String),
    kind LowCardinality(String),
    number Float64,
    text String,
    ts DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    row_version UInt64 CODEC(Delta, ZSTD(1)),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(row_version, is_deleted)
ORDER BY (prediction_id, key)
SETTINGS index_granularity = 1024;

-- The order in which labels arrived: a job reads what came since its last run without scanning all labels. The retention job removes
-- what every job has read.
CREATE TABLE IF NOT EXISTS label_arrivals
(
    row_version UInt64 CODEC(Delta, ZSTD(1)),
    prediction_id UUID,
    received_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY row_version;

CREATE MATERIALIZED VIEW IF NOT EXISTS label_arrivals_mv TO label_arrivals AS
SELECT row_version, prediction_id, received_at
FROM ground_truth;
