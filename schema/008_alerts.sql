-- What alert rules found and what was sent. Both tables are append-only logs: state is derived from them.
CREATE TABLE IF NOT EXISTS alert_events
(
    alert_id UUID,
    rule LowCardinality(String),
    model LowCardinality(String),
    version LowCardinality(String),
    deployment LowCardinality(String),
    segment LowCardinality(String),
    feature LowCardinality(String),
    metric LowCardinality(String),
    state LowCardinality(String),
    severity LowCardinality(String),
    value Nullable(Float64),
    threshold Nullable(Float64),
    since DateTime64(3, 'UTC'),
    window_start DateTime64(3, 'UTC'),
    window_end DateTime64(3, 'UTC'),
    why String,
    detail String CODEC(ZSTD(3)),
    at DateTime64(3, 'UTC'),
    row_version UInt64
)
ENGINE = MergeTree
ORDER BY (rule, model, alert_id, row_version);

CREATE TABLE IF NOT EXISTS notifications
(
    id UUID,
    rule LowCardinality(String),
    model LowCardinality(String),
    deployment LowCardinality(String),
    channel LowCardinality(String),
    kind LowCardinality(String),
    reason LowCardinality(String),
    alert_ids Array(UUID),
    severities Array(String),
    message_id String,
    outcome LowCardinality(String),
    attempts UInt16,
    error String,
    subject String,
    at DateTime64(3, 'UTC'),
    row_version UInt64
)
ENGINE = MergeTree
ORDER BY (rule, model, row_version);
