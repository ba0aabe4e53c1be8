-- What makes ingestion answerable: uploads and how far they are, who changed what, every value that a label ever had.

-- One row per upload, replaced while it goes on: the newest row_version is its state.
CREATE TABLE IF NOT EXISTS uploads
(
    started_at DateTime64(3, 'UTC'),
    id String,
    kind LowCardinality(String),
    model String,
    state LowCardinality(String),
    bytes UInt64,
    bytes_total Nullable(UInt64),
    rows UInt64,
    rejected UInt64,
    finished_at Nullable(DateTime64(3, 'UTC')),
    updated_at DateTime64(3, 'UTC'),
    error String,
    row_version UInt64
)
ENGINE = ReplacingMergeTree(row_version)
ORDER BY id
SETTINGS index_granularity = 256;

-- Administrative changes, append-only. `before` and `after` are JSON without secrets.
CREATE TABLE IF NOT EXISTS audit
(
    at DateTime64(3, 'UTC'),
    id UUID,
    actor String,
    actor_name String,
    action LowCardinality(String),
    target String,
    before String CODEC(ZSTD(3)),
    after String CODEC(ZSTD(3)),
    request_id String,
    row_version UInt64
)
ENGINE = MergeTree
ORDER BY (at, row_version);

-- Every value that a key of a label ever had, so that corrections can be read back. Filled by the view; a row that is copied twice is one row.
CREATE TABLE IF NOT EXISTS ground_truth_history
(
    prediction_id UUID,
    key LowCardinality(String),
    kind LowCardinality(String),
    number Float64,
    text String,
    ts DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    row_version UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (prediction_id, key, row_version)
SETTINGS index_granularity = 1024;

CREATE MATERIALIZED VIEW IF NOT EXISTS ground_truth_history_mv TO ground_truth_history AS
SELECT prediction_id, key, kind, number, text, ts, received_at, row_version
FROM ground_truth;

-- Labels of an older release: what is known of them is their newest value.
INSERT INTO ground_truth_history (prediction_id, key, kind, number, text, ts, received_at, row_version)
SELECT prediction_id, key, kind, number, text, ts, received_at, row_version
FROM ground_truth;

-- Which paths of a refused item were already hashed when it was kept, and whether its text was cut: both decide how it can be replayed.
ALTER TABLE rejected ADD COLUMN IF NOT EXISTS hashed Array(String);
ALTER TABLE rejected ADD COLUMN IF NOT EXISTS is_cut UInt8;

-- Which prediction a baseline row was copied from (all zeros: none), so that erasing a prediction reaches the row.
ALTER TABLE baseline_rows ADD COLUMN IF NOT EXISTS prediction_id UUID;
