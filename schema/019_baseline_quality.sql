-- What a baseline's own rows say of quality, where they have predictions and ground truth.

-- One row per baseline: numbers as JSON, and what they were computed by. Rows of before are replaced.
CREATE TABLE IF NOT EXISTS baseline_quality
(
    model LowCardinality(String),
    baseline_id UUID,
    settings String,
    numbers String,
    computed_at DateTime64(3, 'UTC'),
    row_version UInt64
)
ENGINE = ReplacingMergeTree(row_version)
ORDER BY (model, baseline_id);
