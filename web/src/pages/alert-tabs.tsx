// The pages around alerts, and the way between them.
import { to } from '../lib/location.js';
import { useView } from '../ui/view.js';

const TABS = [
  ['/alerts', 'Alerts'],
  ['/rules', 'Rules'],
  ['/silences', 'Silences'],
  ['/channels', 'Channels'],
  ['/notifications', 'Sent'],
] as const;

export function AlertTabs({ title, here }: { title: string; here: string }) {
  const { place } = useView();
  return (
    <>
      <div class="page-head">
        <h1>{title}</h1>
      </div>
      <nav class="tabs" aria-label="Pages about alerts">
        {TABS.map(([path, name]) => (
          <a
            key={path}
            href={to(path, { model: place.query.get('model') }, place.query)}
            aria-current={here === path ? 'page' : undefined}
          >
            {name}
          </a>
        ))}
      </nav>
    </>
  );
}
