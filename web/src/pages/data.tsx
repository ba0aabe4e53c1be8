// Jobs and data: runs, what was refused, labels without a prediction, uploads, baselines.
import type { ComponentChildren } from 'preact';
import { change, to } from '../lib/location.js';
import { useView } from '../ui/view.js';
import { AuditTab } from './audit.js';
import { BaselinesTab } from './baselines.js';
import { JobsTab } from './jobs.js';
import { KeysTab } from './keys.js';
import { OrphansTab, RejectedTab, UploadsTab } from './ingested.js';

const TABS: Record<string, { name: string; admin?: boolean; render: () => ComponentChildren }> = {
  jobs: { name: 'Jobs', render: () => <JobsTab /> },
  baselines: { name: 'Baselines', render: () => <BaselinesTab /> },
  uploads: { name: 'Uploads', render: () => <UploadsTab /> },
  rejected: { name: 'Refused items', render: () => <RejectedTab /> },
  orphans: { name: 'Orphan labels', render: () => <OrphansTab /> },
  keys: { name: 'API keys', admin: true, render: () => <KeysTab /> },
  audit: { name: 'Changes', admin: true, render: () => <AuditTab /> },
};

export function DataPage({ first = 'jobs' }: { first?: string }) {
  const { place, admin } = useView();
  const here = place.query.get('tab') ?? first;
  const tab = TABS[here] ?? TABS.jobs;
  return (
    <>
      <div class="page-head">
        <h1>Jobs and data</h1>
      </div>
      <nav class="tabs" aria-label="Pages about jobs and data">
        {Object.entries(TABS)
          .filter(([, one]) => one.admin !== true || admin)
          .map(([key, one]) => (
            <a
              key={key}
              href={
                place.path === '/data'
                  ? change({ tab: key === 'jobs' ? null : key }, place)
                  : to('/data', { tab: key }, place.query)
              }
              aria-current={key === here ? 'page' : undefined}
            >
              {one.name}
            </a>
          ))}
      </nav>
      {tab?.render()}
    </>
  );
}
