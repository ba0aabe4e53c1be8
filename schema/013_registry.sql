-- The model registry: models, versions, the log of changes, webhooks and what they still have to send, in one table. One call of the registry touches
-- several of these, and one insert into one table is the only thing that is stored whole or not at all.
CREATE TABLE IF NOT EXISTS registry
(
    kind LowCardinality(String),
    scope String,
    item String,
    doc String CODEC(ZSTD(3)),
    at DateTime64(3, 'UTC'),
    row_version UInt64,
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(row_version, is_deleted)
ORDER BY (kind, scope, item)
SETTINGS index_granularity = 1024;
