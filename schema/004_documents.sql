-- What people configure: one JSON document per name, validated by the service before it is written.
-- A deletion is a row with is_deleted = 1. All tables here have one shape, read and written by one piece of code.

-- The configuration of a model: task, fields, window, delays, retention. A model that was never configured has no row.
CREATE TABLE IF NOT EXISTS models
(
    name String,
    doc String,
    updated_at DateTime64(3, 'UTC'),
    row_version UInt64,
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(row_version, is_deleted)
ORDER BY name
SETTINGS index_granularity = 256;

-- Alert rules.
CREATE TABLE IF NOT EXISTS alert_rules
(
    name String,
    doc String,
    updated_at DateTime64(3, 'UTC'),
    row_version UInt64,
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(row_version, is_deleted)
ORDER BY name
SETTINGS index_granularity = 256;

-- Where notifications go.
CREATE TABLE IF NOT EXISTS channels
(
    name String,
    doc String,
    updated_at DateTime64(3, 'UTC'),
    row_version UInt64,
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(row_version, is_deleted)
ORDER BY name
SETTINGS index_granularity = 256;

-- Times in which matching alerts send nothing.
CREATE TABLE IF NOT EXISTS silences
(
    name String,
    doc String,
    updated_at DateTime64(3, 'UTC'),
    row_version UInt64,
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(row_version, is_deleted)
ORDER BY name
SETTINGS index_granularity = 256;

-- What the service itself must remember, such as the key of hashed fields where none was set.
CREATE TABLE IF NOT EXISTS settings
(
    name String,
    doc String,
    updated_at DateTime64(3, 'UTC'),
    row_version UInt64,
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(row_version, is_deleted)
ORDER BY name
SETTINGS index_granularity = 256;

-- Keys of the API: a SHA-256 of each, never the key.
CREATE TABLE IF NOT EXISTS api_keys
(
    name String,
    doc String,
    updated_at DateTime64(3, 'UTC'),
    row_version UInt64,
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(row_version, is_deleted)
ORDER BY name
SETTINGS index_granularity = 256;
