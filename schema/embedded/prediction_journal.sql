-- Predictions that came one by one, kept until they are in the table `predictions`: two tables that take turns, so that one can be emptied while the other
-- is written. A key-value log, because a row costs it one write to a file that is open, where a part of a MergeTree costs some fifteen new files.
-- Embedded engine only, and made when the first such prediction comes. `body` holds rows of `predictions` as JSONCompactEachRow text.
CREATE TABLE IF NOT EXISTS prediction_journal_a (id UInt64, body String)
ENGINE = EmbeddedRocksDB PRIMARY KEY id SETTINGS optimize_for_bulk_insert = 0;
CREATE TABLE IF NOT EXISTS prediction_journal_b (id UInt64, body String)
ENGINE = EmbeddedRocksDB PRIMARY KEY id SETTINGS optimize_for_bulk_insert = 0;
