// Which page an address means.
import type { ComponentChildren } from 'preact';
import { AlertPage } from './alert.js';
import { AlertsPage } from './alerts.js';
import { ChannelsPage } from './channels.js';
import { DataPage } from './data.js';
import { FeaturePage } from './feature.js';
import { FeaturesPage } from './features.js';
import { ModelPage } from './model.js';
import { NotFound } from './not-found.js';
import { NotificationsPage } from './notifications.js';
import { OverviewPage } from './overview.js';
import { PredictionPage } from './prediction.js';
import { PredictionsPage } from './predictions.js';
import { QualityPage } from './quality.js';
import { RegisteredPage } from './registered.js';
import { RegistryPage } from './registry.js';
import { ReplicasPage } from './replicas.js';
import { RulePage } from './rule.js';
import { RulesPage } from './rules.js';
import { SilencesPage } from './silences.js';
import { WelcomePage } from './welcome.js';

/** A page, and what makes it another one: the same key keeps what the reader opened. */
export interface Page {
  key: string;
  title: string;
  render: () => ComponentChildren;
}

interface Route {
  /** `:name` stands for one part. */
  path: string;
  title: (name: string) => string;
  page: (name: string) => ComponentChildren;
}

const ROUTES: readonly Route[] = [
  { path: '/', title: () => 'Models', page: () => <OverviewPage /> },
  { path: '/welcome', title: () => 'First prediction', page: () => <WelcomePage /> },
  { path: '/models/:name', title: (name) => name, page: (name) => <ModelPage model={name} /> },
  {
    path: '/models/:name/features',
    title: (name) => `Features of ${name}`,
    page: (name) => <FeaturesPage model={name} />,
  },
  {
    path: '/models/:name/feature',
    title: (name) => `Feature of ${name}`,
    page: (name) => <FeaturePage model={name} />,
  },
  {
    path: '/models/:name/quality',
    title: (name) => `Quality of ${name}`,
    page: (name) => <QualityPage model={name} />,
  },
  {
    path: '/models/:name/replicas',
    title: (name) => `Replicas of ${name}`,
    page: (name) => <ReplicasPage model={name} />,
  },
  { path: '/alerts', title: () => 'Alerts', page: () => <AlertsPage /> },
  { path: '/alerts/:name', title: () => 'Alert', page: (name) => <AlertPage id={name} /> },
  { path: '/rules', title: () => 'Rules', page: () => <RulesPage /> },
  { path: '/rules/new', title: () => 'New rule', page: () => <RulePage name={null} /> },
  { path: '/rules/:name', title: (name) => `Rule ${name}`, page: (name) => <RulePage name={name} /> },
  { path: '/silences', title: () => 'Silences', page: () => <SilencesPage /> },
  { path: '/channels', title: () => 'Channels', page: () => <ChannelsPage /> },
  { path: '/notifications', title: () => 'Sent', page: () => <NotificationsPage /> },
  { path: '/predictions', title: () => 'Predictions', page: () => <PredictionsPage /> },
  { path: '/predictions/:name', title: () => 'Prediction', page: (name) => <PredictionPage id={name} /> },
  { path: '/data', title: () => 'Jobs and data', page: () => <DataPage /> },
  { path: '/jobs', title: () => 'Jobs', page: () => <DataPage /> },
  { path: '/keys', title: () => 'API keys', page: () => <DataPage first="keys" /> },
  { path: '/registry', title: () => 'Registry', page: () => <RegistryPage /> },
  {
    path: '/registry/:name',
    title: (name) => `${name} in the registry`,
    page: (name) => <RegisteredPage model={name} />,
  },
];

/** The entries of the navigation. */
export const NAV: readonly { path: string; name: string; owns: (path: string) => boolean }[] = [
  { path: '/', name: 'Models', owns: (path) => path === '/' || path.startsWith('/models/') },
  {
    path: '/alerts',
    name: 'Alerts',
    owns: (path) => /^\/(alerts|rules|silences|channels|notifications)(\/|$)/.test(path),
  },
  { path: '/predictions', name: 'Predictions', owns: (path) => path.startsWith('/predictions') },
  { path: '/data', name: 'Jobs and data', owns: (path) => /^\/(data|jobs|keys)(\/|$)/.test(path) },
  { path: '/registry', name: 'Registry', owns: (path) => path.startsWith('/registry') },
];

/** The page of a path. */
export function findPage(path: string): Page {
  const parts = path.replace(/(.)\/+$/, '$1').split('/');
  for (const route of ROUTES) {
    const wanted = route.path.split('/');
    if (wanted.length !== parts.length) continue;
    if (!wanted.every((part, i) => part === ':name' || part === parts[i])) continue;
    const at = wanted.indexOf(':name');
    const name = at < 0 ? '' : decode(parts[at] ?? '');
    return { key: path, title: route.title(name), render: () => route.page(name) };
  }
  return { key: 'none', title: 'No such page', render: () => <NotFound /> };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
