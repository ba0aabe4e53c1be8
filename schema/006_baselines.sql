-- Baselines: what a model's windows are compared with. `fields` is JSON: per field its kind, frozen bins and their counts.
-- Rows are kept beside the bins, because the two-sample tests need the raw numbers. `activated` orders activations: the newest active one wins.
CREATE TABLE IF NOT EXISTS baselines
(
    model LowCardinality(String),
    name String,
    version LowCardinality(String),
    baseline_id UUID,
    source LowCardinality(String),
    rows UInt64,
    fields String CODEC(ZSTD(3)),
    created_at DateTime64(3, 'UTC'),
    activated UInt64,
    row_version UInt64,
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(row_version, is_deleted)
ORDER BY (model, name, version)
SETTINGS index_granularity = 256;

CREATE TABLE IF NOT EXISTS baseline_rows
(
    baseline_id UUID,
    row_number UInt64,
    num Map(LowCardinality(String), Float64),
    str Map(LowCardinality(String), String),
    flag Map(LowCardinality(String), Bool)
)
ENGINE = ReplacingMergeTree
ORDER BY (baseline_id, row_number);
