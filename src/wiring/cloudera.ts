// Wires Cloudera's model metrics. Records that know CRNs are resolvers, asked in order before the rules that need no record.
import type { RowCrns } from '../domain/crn.js';
import { ClouderaService, type CrnResolver } from '../services/cloudera.js';
import type { IngestService } from '../services/ingest.js';
import type { Tables } from '../store/tables.js';
import type { Computing } from './computing.js';

export function wireCloudera(
  tables: Tables,
  { models }: Computing,
  ingest: IngestService,
  clock: () => number,
  records: CrnResolver & { crnsOf(deploymentCrn: string): RowCrns | null },
): ClouderaService {
  const configured: CrnResolver = {
    resolve: async (crn) => {
      const found = await models.deploymentOf(crn);
      return found === null ? null : { kind: 'deployment', ...found, deployment: crn };
    },
  };
  return new ClouderaService({
    ingest,
    resolvers: [configured, records],
    recorded: (deployment) => records.crnsOf(deployment),
    inputKeys: (model) => models.clouderaInputs(model),
    reader: tables.predictionReader,
    aggregates: tables.aggregates,
    clock,
  });
}
