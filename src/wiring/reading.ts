// Wires what reads numbers: distributions and curves, from rows and from what is kept of windows whose rows are gone.
import { VersionComparison } from '../services/comparison.js';
import { ComputedMetrics } from '../services/computed-metrics.js';
import { Distributions } from '../services/distributions.js';
import { Rescorer } from '../services/rescoring.js';
import { OrphanPoints } from '../services/orphan-points.js';
import { QualityCurves } from '../services/quality-curves.js';
import { RangeSummaries } from '../services/range-summaries.js';
import { StoredProfiles } from '../services/stored-profiles.js';
import type { Tables } from '../store/tables.js';
import type { Computing } from './computing.js';

export function wireReading(tables: Tables, computing: Computing, clock: () => number) {
  const { models, chooser } = computing;
  const { rows, bins, quality, curves, profiles, baselines } = tables;
  /** Marks are collected first, so that a series that just arrived is known. */
  const series = async (model: string) => {
    await tables.windows.collect();
    return tables.windows.series(model);
  };
  const baselineRows = (id: string) => baselines.rowsOf(id);
  const stored = new StoredProfiles({ profiles, baselines, bins });
  const computed = new ComputedMetrics({ ...computing, stored, series, clock });
  return {
    rescorer: new Rescorer({
      baselines: computing.baselines,
      drift: computing.drift,
      stored,
      series,
      position: (name) => tables.windows.position(name),
      setPosition: (name, position) => tables.windows.setPosition(name, position),
      clock,
    }),
    computed,
    comparison: new VersionComparison({ ...computing, computed, rows, bins, curves, series }),
    distributions: new Distributions({ models, chooser, rows, bins, stored, baselineRows, series, clock }),
    orphans: new OrphanPoints({ models, table: tables.orphanLabels, clock }),
    summaries: new RangeSummaries({ numbers: tables.overview, windowLength: (model) => models.windowLength(model) }),
    curves: new QualityCurves({ rows, quality, curves, clock }),
  };
}
