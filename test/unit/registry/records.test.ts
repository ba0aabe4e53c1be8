// Records of Cloudera APIv2 as they are stored.
import { describe, expect, it } from 'vitest';
import { deploymentDoc, modelDoc } from '../../../src/services/registry/cloudera-documents.js';

const stored = { projectId: 'p', creator: 'me', createdAt: 1, updatedAt: 2 };

describe('records', () => {
  it('that were stored before they had sizes and places are read with the defaults', () => {
    const model = {
      ...stored,
      name: 'm',
      description: '',
      registeredModelId: null,
      accessKey: 'k',
      authEnabled: true,
      visibility: 'public',
    };
    const sizes = {
      defaultResources: { cpuMillicores: 1000, memoryMb: 2048, nvidiaGpus: 0 },
      defaultReplicas: 1,
      placement: { acceleratorLabelId: '0', resourceGroupId: 0, resourceProfileId: 0 },
    };
    expect(modelDoc.parse({ ...model, runAs: null })).toEqual({ ...model, ...sizes, runAs: 0 });
    expect(modelDoc.parse({ ...model, runAs: 'somebody' })).toEqual({ ...model, ...sizes, runAs: 0 });
    const deployment = {
      ...stored,
      modelId: 'm',
      buildId: 'b',
      cpu: 1,
      memory: 2,
      nvidiaGpus: 0,
      replicas: 1,
      environment: {},
      status: 'deployed',
      stoppedAt: null,
    };
    expect(deploymentDoc.parse(deployment)).toEqual({ ...deployment, placement: sizes.placement });
  });
});
