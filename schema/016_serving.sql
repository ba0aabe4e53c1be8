-- What serves a model: the replica of each prediction, and what replicas report of themselves. And aggregates that are not numbers.
ALTER TABLE predictions ADD COLUMN IF NOT EXISTS replica LowCardinality(String) DEFAULT '' AFTER memory_bytes;

-- JSON of a value that is not a number (value is 0 then); empty for a number.
ALTER TABLE aggregate_metrics ADD COLUMN IF NOT EXISTS json String DEFAULT '' AFTER value;

-- One row per replica, series and interval: counts and sums over [start_ts, end_ts). Sending an interval again replaces it.
CREATE TABLE IF NOT EXISTS replica_stats
(
    model LowCardinality(String),
    version LowCardinality(String),
    deployment LowCardinality(String),
    replica String,
    start_ts DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    end_ts DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    requests UInt64,
    failed UInt64,
    dropped UInt64,
    latency_ms_sum Nullable(Float64),
    latency_ms_max Nullable(Float64),
    request_bytes Nullable(UInt64),
    response_bytes Nullable(UInt64),
    cpu_ms Nullable(Float64),
    memory_bytes Nullable(UInt64),
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    row_version UInt64 CODEC(Delta, ZSTD(1)),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(row_version, is_deleted)
PARTITION BY toYYYYMM(start_ts)
ORDER BY (model, toStartOfHour(start_ts), version, deployment, replica, start_ts);
