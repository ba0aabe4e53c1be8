-- Dead letters: items that an ingest route refused, kept seven days (by the retention job) so that they can be looked at and sent again.
CREATE TABLE IF NOT EXISTS rejected
(
    received_at DateTime64(3, 'UTC'),
    id UUID,
    route LowCardinality(String),
    model String,
    item_index UInt32,
    code LowCardinality(String),
    path String,
    message String,
    item String CODEC(ZSTD(3))
)
ENGINE = MergeTree
ORDER BY (received_at, id);
