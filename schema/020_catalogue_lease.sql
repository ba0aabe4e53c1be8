-- Who may change the catalogue (registry, rules, keys, models, ...) where several processes share a server: states of one lease, each with a generation that
-- exists once. The token of an insert is its generation, and the second insert with a token is dropped: whoever comes first has it.
CREATE TABLE IF NOT EXISTS catalogue_lease
(
    generation UInt64,
    owner String,
    held UInt8,
    written String
)
ENGINE = MergeTree
ORDER BY generation
SETTINGS non_replicated_deduplication_window = 10000;
