// docs/kubernetes.yaml against the code: it parses, its settings are known and load, its ports and probes are the service's, one scheduler at a time.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { loadConfig, SETTING_NAMES } from '../../src/config.js';
import { packageRoot } from '../../src/package-root.js';

interface Probe {
  httpGet: { path: string; port: string };
}
interface Container {
  env: { name: string; value: string }[];
  ports: { name: string; containerPort: number }[];
  startupProbe: Probe;
  livenessProbe: Probe;
  readinessProbe: Probe;
  volumeMounts: { name: string; mountPath: string }[];
  securityContext: Record<string, unknown>;
}
interface Manifest {
  kind: string;
  metadata: { name: string; namespace?: string };
  data?: Record<string, string>;
  stringData?: Record<string, string>;
  spec?: {
    replicas?: number;
    strategy?: { type: string };
    selector?: { matchLabels?: Record<string, string> } & Record<string, unknown>;
    template?: {
      metadata: { labels: Record<string, string> };
      spec: { containers: Container[]; volumes: { name: string }[]; terminationGracePeriodSeconds: number };
    };
    ports?: { port: number; targetPort: string }[];
    scaleTargetRef?: { kind: string; name: string };
  };
}
const documents = parseAllDocuments(readFileSync(path.join(packageRoot(), 'docs/kubernetes.yaml'), 'utf8'));
const manifests = documents.map((document) => document.toJS() as Manifest);
const kind = (name: string) => manifests.filter((manifest) => manifest.kind === name);
const settings = { ...kind('ConfigMap')[0]?.data, ...kind('Secret')[0]?.stringData };
const deployments = kind('Deployment').map(({ metadata, spec }) => {
  const [container] = spec?.template?.spec.containers ?? [];
  if (container === undefined || spec?.template === undefined) throw new Error(`${metadata.name} runs nothing`);
  const own = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
  return { name: metadata.name, spec, template: spec.template, container, config: loadConfig({ ...settings, ...own }), own };
}); // prettier-ignore

describe('docs/kubernetes.yaml', () => {
  test('parses, and everything but the namespace lies in it', () => {
    expect(documents.flatMap((document) => document.errors)).toEqual([]);
    const [namespace] = kind('Namespace');
    const elsewhere = manifests.filter(({ metadata }) => metadata.namespace !== namespace?.metadata.name);
    expect(elsewhere).toEqual([namespace]);
  });

  test('every setting is one that the configuration reads, and together they load', () => {
    const names = [...Object.keys(settings), ...deployments.flatMap(({ own }) => Object.keys(own))];
    expect(names.filter((name) => !SETTING_NAMES.includes(name))).toEqual([]);
    for (const { config } of deployments) {
      expect(config).toMatchObject({ host: '0.0.0.0', scheduler: true });
      expect(config.adminKey).not.toBeNull();
      expect(config.clickhouseUrl).not.toBeNull();
    }
  });

  test('there is one scheduler, which is never doubled, and several processes for the API', () => {
    const roles = deployments.map(({ config, spec }) => [config.role, spec.replicas, spec.strategy?.type ?? 'RollingUpdate']); // prettier-ignore
    expect(roles).toEqual([
      ['scheduler', 1, 'Recreate'],
      ['api', 2, 'RollingUpdate'],
    ]);
    expect(kind('HorizontalPodAutoscaler')[0]?.spec?.scaleTargetRef?.name).toBe('driftline-api');
  });

  test('ports, probes and labels are those of the service; uploads have a place, and a stop has its time', () => {
    const [service] = kind('Service');
    for (const { container, config, template, spec } of deployments) {
      expect(container.ports).toEqual([{ name: 'http', containerPort: config.port }]);
      expect(service?.spec?.ports?.[0]?.targetPort).toBe('http');
      const probes = [container.startupProbe, container.readinessProbe, container.livenessProbe];
      expect(probes.map(({ httpGet }) => [httpGet.path, httpGet.port])).toEqual([
        ['/readyz', 'http'],
        ['/readyz', 'http'],
        ['/healthz', 'http'],
      ]);
      expect(template.metadata.labels).toMatchObject(spec.selector?.matchLabels ?? {});
      expect(template.metadata.labels).toMatchObject(service?.spec?.selector ?? {});
      expect(container.volumeMounts).toEqual([{ name: 'tmp', mountPath: '/tmp' }]);
      expect(template.spec.volumes.map(({ name }) => name)).toEqual(['tmp']);
      // The service ends by itself after 20 seconds.
      expect(template.spec.terminationGracePeriodSeconds).toBeGreaterThan(20);
      expect(container.securityContext).toMatchObject({ readOnlyRootFilesystem: true });
    }
  });
});
