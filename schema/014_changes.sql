-- What was written since a version is found without reading what was there before: the alerts job asks it at every run.
ALTER TABLE metric_points ADD INDEX IF NOT EXISTS newest row_version TYPE minmax GRANULARITY 1;
ALTER TABLE metric_points MATERIALIZE INDEX newest;
ALTER TABLE aggregate_metrics ADD INDEX IF NOT EXISTS newest row_version TYPE minmax GRANULARITY 1;
ALTER TABLE aggregate_metrics MATERIALIZE INDEX newest;
ALTER TABLE alert_events ADD INDEX IF NOT EXISTS newest row_version TYPE minmax GRANULARITY 1;
ALTER TABLE alert_events MATERIALIZE INDEX newest;
ALTER TABLE notifications ADD INDEX IF NOT EXISTS newest row_version TYPE minmax GRANULARITY 1;
ALTER TABLE notifications MATERIALIZE INDEX newest;
