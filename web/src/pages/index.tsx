// Which page an address means.
import type { ComponentChildren } from 'preact';
import { FeaturePage } from './feature.js';
import { ModelPage } from './model.js';
import { NotFound } from './not-found.js';
import { OverviewPage } from './overview.js';
import { WelcomePage } from './welcome.js';

/** A page, and what makes it another one: the same key keeps what the reader opened. */
export interface Page {
  key: string;
  title: string;
  render: () => ComponentChildren;
}

interface Route {
  pattern: RegExp;
  title: (params: string[]) => string;
  page: (params: string[]) => ComponentChildren;
}

const ROUTES: readonly Route[] = [
  { pattern: /^\/$/, title: () => 'Models', page: () => <OverviewPage /> },
  { pattern: /^\/welcome$/, title: () => 'First prediction', page: () => <WelcomePage /> },
  {
    pattern: /^\/models\/([^/]+)$/,
    title: ([model]) => model ?? '',
    page: ([model = '']) => <ModelPage model={model} />,
  },
  {
    pattern: /^\/models\/([^/]+)\/feature$/,
    title: ([model]) => `Feature of ${model}`,
    page: ([model = '']) => <FeaturePage model={model} />,
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
];

/** The page of a path. */
export function findPage(path: string): Page {
  for (const route of ROUTES) {
    const found = route.pattern.exec(path);
    if (found === null) continue;
    const params = found.slice(1).map(decode);
    return { key: path, title: route.title(params), render: () => route.page(params) };
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
