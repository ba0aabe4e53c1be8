-- How far a run is: of how many windows, and what it is about (a switch of the baseline, say).
ALTER TABLE job_runs ADD COLUMN IF NOT EXISTS windows_total UInt32 DEFAULT 0;
ALTER TABLE job_runs ADD COLUMN IF NOT EXISTS about String DEFAULT '';
