-- Values over a time range that a client computed itself, with no prediction behind them. Sending the same range again replaces.
CREATE TABLE IF NOT EXISTS aggregate_metrics
(
    model LowCardinality(String),
    version LowCardinality(String),
    deployment LowCardinality(String),
    start_ts DateTime64(3, 'UTC'),
    end_ts DateTime64(3, 'UTC'),
    key String,
    value Float64,
    received_at DateTime64(3, 'UTC'),
    row_version UInt64,
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(row_version, is_deleted)
ORDER BY (model, start_ts, end_ts, version, deployment, key);
