-- One row per job run (written at the start as running, replaced at the end).
CREATE TABLE IF NOT EXISTS job_runs
(
    run_id UUID,
    job LowCardinality(String),
    trigger LowCardinality(String),
    model String,
    status LowCardinality(String),
    started_at DateTime64(3, 'UTC'),
    finished_at Nullable(DateTime64(3, 'UTC')),
    logical_now DateTime64(3, 'UTC'),
    windows UInt32,
    points UInt32,
    errors Array(String),
    row_version UInt64
)
ENGINE = ReplacingMergeTree(row_version)
ORDER BY (started_at, run_id);
