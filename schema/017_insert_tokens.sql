-- An insert whose answer was lost is sent again with the same token. Tables whose rows replace one another need nothing for that; these keep the
-- tokens of their newest inserts, so that the second one is dropped.
ALTER TABLE rejected MODIFY SETTING non_replicated_deduplication_window = 1000;
ALTER TABLE audit MODIFY SETTING non_replicated_deduplication_window = 1000;
ALTER TABLE alert_events MODIFY SETTING non_replicated_deduplication_window = 1000;
ALTER TABLE notifications MODIFY SETTING non_replicated_deduplication_window = 1000;
