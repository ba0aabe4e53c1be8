// Signatures and bodies of webhooks against published vectors.
import { describe, expect, it } from 'vitest';
import { databricksBody, mlflowBody, type Happening } from '../../../src/domain/registry/webhook.js';
import { databricksSignature, driftlineSignature, mlflowSignature } from '../../../src/services/registry/signing.js';

const SECRET = 's3cr3t-webhook';
const AT = 1767323045678;
const happening = (change: Partial<Happening['change']>): Happening => ({
  change: {
    at: AT,
    by: 'me',
    action: 'stage_changed',
    modelId: 'id',
    model: 'churn',
    version: 3,
    key: null,
    from: 'Staging',
    to: 'Production',
    comment: null,
    ...change,
  },
  version: {
    modelId: 'id',
    version: 3,
    createdAt: AT,
    updatedAt: AT,
    stage: 'None',
    description: '',
    source: 's3://models/churn/3',
    storage: 's3://models/churn/3',
    runId: '',
    runLink: '',
    tags: new Map(),
    loggedModelId: null,
    params: [],
    metrics: [],
    createdBy: 'me',
  },
  tags: new Map(),
  description: null,
  isPrompt: false,
});

describe("Databricks' vector", () => {
  const body = `{"event":"MODEL_VERSION_TRANSITIONED_STAGE","webhook_id":"c5596721253c4b429368cf6f4341b88a","event_timestamp":1767323045678,"model_name":"churn","version":"3","to_stage":"Production","from_stage":"Staging","text":"Registered model 'churn' version 3 transitioned from Staging to Production."}`;

  it('has this body and this signature', () => {
    const made = databricksBody('MODEL_VERSION_TRANSITIONED_STAGE', 'c5596721253c4b429368cf6f4341b88a', happening({}));
    expect(made).toBe(body);
    expect(databricksSignature(SECRET, made)).toBe('618336b889ffaad7f19c38087d2574c05bb94726f76563eda57cabb989f46529');
  });
});

describe("MLflow's vector", () => {
  const body = `{"entity":"model_version","action":"created","timestamp":"2026-01-02T03:04:05.678901+00:00","data":{"name":"churn","version":"3","source":"s3://models/churn/3","run_id":"","tags":{},"description":""}}`;

  it('has this signature', () => {
    expect(body).toHaveLength(200);
    expect(mlflowSignature(SECRET, '8b6f4a52-1c1e-4d55-9b0a-6f3b1d0c2e11', '1767323045', body)).toBe(
      'v1,YysmNprWj3ackcBy47QsefjkP+244meHUGxBpNy6Y94=',
    );
  });

  it('has this body, but for the microseconds that the clock does not know', () => {
    expect(mlflowBody('model_version.created', happening({ action: 'version_created' }))).toBe(
      body.replace('678901', '678000'),
    );
  });
});

describe('our own signature', () => {
  it('is that of alerts', () => {
    expect(driftlineSignature('k'.repeat(8), '1', '{}')).toMatch(/^t=1,v1=[0-9a-f]{64}$/);
  });
});
