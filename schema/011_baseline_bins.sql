-- The bins of every baseline that ever was, by its id. A baseline that is loaded again under its name replaces its row in baselines, but
-- windows stay counted in the bins of the one that they were compared with: these are needed to read their profiles after their rows expired.
CREATE TABLE IF NOT EXISTS baseline_bins
(
    model LowCardinality(String),
    baseline_id UUID,
    name String,
    fields String CODEC(ZSTD(3)),
    row_version UInt64
)
ENGINE = ReplacingMergeTree(row_version)
ORDER BY baseline_id
SETTINGS index_granularity = 256;

INSERT INTO baseline_bins (model, baseline_id, name, fields, row_version)
SELECT model, baseline_id, name, fields, row_version FROM baselines FINAL;
