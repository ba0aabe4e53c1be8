-- Tracked predictions, and where each prediction id is stored.
--
-- One row per (model, version, deployment, prediction id). The sort key starts with model and hour, because every window
-- query reads one model over one time range; the id spreads the rest. The hour is in the key, so the same id sent again with
-- a timestamp in another hour would be a second row: the service finds the older place in prediction_places and
-- writes a deletion for it (is_deleted = 1, a higher row_version) before it acknowledges.
-- row_version is a strictly increasing number that the service makes: the highest wins.
CREATE TABLE IF NOT EXISTS predictions
(
    model LowCardinality(String),
    version LowCardinality(String),
    deployment LowCardinality(String),
    prediction_id UUID,
    external_id String,
    ts DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    num Map(LowCardinality(String), Float64),
    str Map(LowCardinality(String), String),
    flag Map(LowCardinality(String), Bool),
    json Map(LowCardinality(String), String),
    metrics Map(LowCardinality(String), Float64),
    tags Map(LowCardinality(String), String),
    latency_ms Nullable(Float64),
    status LowCardinality(String),
    error String,
    request_bytes Nullable(UInt64),
    response_bytes Nullable(UInt64),
    cpu_ms Nullable(Float64),
    memory_bytes Nullable(UInt64),
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    row_version UInt64 CODEC(Delta, ZSTD(1)),
    is_deleted UInt8,
    INDEX newest row_version TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(row_version, is_deleted)
PARTITION BY toYYYYMM(ts)
ORDER BY (model, toStartOfHour(ts), prediction_id, version, deployment);

-- prediction id -> where it is, by slots of 15 minutes: the shortest window, so that an id that leaves a window is always noticed. Small granules: a look-up of one id reads 256 rows a part, not 8192.
CREATE TABLE IF NOT EXISTS prediction_places
(
    prediction_id UUID,
    model LowCardinality(String),
    version LowCardinality(String),
    deployment LowCardinality(String),
    slot DateTime('UTC'),
    ts DateTime64(3, 'UTC'),
    row_version UInt64,
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(row_version, is_deleted)
ORDER BY (prediction_id, model, version, deployment, slot)
SETTINGS index_granularity = 256;

-- This view copies keys and counts nothing, so a replaced row can only replace its own entry.
CREATE MATERIALIZED VIEW IF NOT EXISTS prediction_places_mv TO prediction_places AS
SELECT prediction_id, model, version, deployment, toStartOfInterval(ts, toIntervalMinute(15)) AS slot, ts, row_version, is_deleted
FROM predictions;
