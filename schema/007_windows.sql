-- What must be computed, what has been, and the numbers.

-- The newest row_version that touched each 15-minute slot of a series, by cause (prediction | label | config). Written by the jobs from what
-- arrived since their last run; a window is dirty when a mark in it is newer than what its last computation had seen.
CREATE TABLE IF NOT EXISTS window_marks
(
    model LowCardinality(String),
    version LowCardinality(String),
    deployment LowCardinality(String),
    slot DateTime('UTC'),
    cause LowCardinality(String),
    row_version UInt64
)
ENGINE = ReplacingMergeTree(row_version)
ORDER BY (model, version, deployment, slot, cause)
SETTINGS index_granularity = 1024;

-- How far a job has read the arrivals.
CREATE TABLE IF NOT EXISTS watermarks
(
    name String,
    position UInt64,
    row_version UInt64
)
ENGINE = ReplacingMergeTree(row_version)
ORDER BY name;

-- One row per job and window: input_version is the newest mark that the computation had seen.
CREATE TABLE IF NOT EXISTS computed_windows
(
    job LowCardinality(String),
    model LowCardinality(String),
    version LowCardinality(String),
    deployment LowCardinality(String),
    window_start DateTime64(3, 'UTC'),
    window_end DateTime64(3, 'UTC'),
    input_version UInt64,
    computed_at DateTime64(3, 'UTC'),
    row_version UInt64,
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(row_version, is_deleted)
ORDER BY (job, model, version, deployment, window_start, window_end)
SETTINGS index_granularity = 1024;

-- Bin counts per window and field, in the bins of one baseline.
CREATE TABLE IF NOT EXISTS profiles
(
    model LowCardinality(String),
    version LowCardinality(String),
    deployment LowCardinality(String),
    segment LowCardinality(String),
    feature LowCardinality(String),
    window_start DateTime64(3, 'UTC'),
    window_end DateTime64(3, 'UTC'),
    baseline_id UUID,
    counts Array(UInt64),
    n UInt64,
    row_version UInt64,
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(row_version, is_deleted)
PARTITION BY toYYYYMM(window_start)
ORDER BY (model, version, deployment, segment, feature, window_start, window_end, baseline_id);

-- Every computed number. Recomputing a window replaces its numbers.
CREATE TABLE IF NOT EXISTS metric_points
(
    model LowCardinality(String),
    version LowCardinality(String),
    deployment LowCardinality(String),
    segment LowCardinality(String),
    feature LowCardinality(String),
    metric LowCardinality(String),
    window_start DateTime64(3, 'UTC'),
    window_end DateTime64(3, 'UTC'),
    value Nullable(Float64),
    lower Nullable(Float64),
    upper Nullable(Float64),
    n UInt64,
    coverage Nullable(Float64),
    baseline LowCardinality(String),
    status LowCardinality(String),
    method LowCardinality(String),
    computed_at DateTime64(3, 'UTC'),
    row_version UInt64,
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(row_version, is_deleted)
PARTITION BY toYYYYMM(window_start)
ORDER BY (model, metric, feature, version, deployment, segment, window_start, window_end);
