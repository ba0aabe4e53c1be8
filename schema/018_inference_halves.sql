-- Requests and responses of logged inferences that wait for one another.
CREATE TABLE IF NOT EXISTS inference_halves
(
    model LowCardinality(String),
    request_id String,
    kind LowCardinality(String),
    version String,
    deployment String,
    ts DateTime64(3, 'UTC'),
    body String CODEC(ZSTD(3)),
    hashed Array(String),
    state LowCardinality(String),
    received_at DateTime64(3, 'UTC'),
    row_version UInt64
)
ENGINE = ReplacingMergeTree(row_version)
ORDER BY (model, request_id, kind)
TTL toDateTime(received_at) + INTERVAL 8 DAY;
