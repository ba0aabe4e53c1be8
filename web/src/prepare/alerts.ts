// Alerts in order and by tab.
import type { Alert } from '../../../src/domain/contract/alerts.js';

/** States by how much they ask for, worst first. */
const ORDER: readonly Alert['state'][] = [
  'firing',
  'error',
  'no_data',
  'acknowledged',
  'pending',
  'silenced',
  'resolved',
];
const TABS: readonly { key: string; name: string; states: readonly Alert['state'][] }[] = [
  { key: 'open', name: 'Open', states: ['firing', 'error', 'no_data', 'acknowledged', 'silenced', 'pending'] },
  { key: 'firing', name: 'Firing', states: ['firing'] },
  { key: 'unknown', name: 'Not evaluated', states: ['error', 'no_data'] },
  { key: 'acknowledged', name: 'Acknowledged', states: ['acknowledged'] },
  { key: 'silenced', name: 'Silenced', states: ['silenced'] },
  { key: 'history', name: 'History', states: ORDER },
];

/** Whether an alert belongs under a tab. One that was never more than pending is history only while it is pending. */
export function inTab(alert: Alert, key: string): boolean {
  const tab = TABS.find((one) => one.key === key) ?? TABS[0];
  return (
    tab !== undefined && tab.states.includes(alert.state) && !(alert.state === 'resolved' && alert.severity === null)
  );
}

/** The tabs with how many alerts each has. */
export function alertTabs(alerts: readonly Alert[]): { key: string; name: string; n: number }[] {
  return TABS.map(({ key, name }) => ({ key, name, n: alerts.filter((alert) => inTab(alert, key)).length }));
}

/** Worst first: by state, then severity, then the newest. */
export function worstFirst(alerts: readonly Alert[]): Alert[] {
  const severity = (alert: Alert): number => (alert.severity === 'critical' ? 0 : 1);
  return [...alerts].sort(
    (a, b) =>
      ORDER.indexOf(a.state) - ORDER.indexOf(b.state) ||
      severity(a) - severity(b) ||
      (a.since < b.since ? 1 : a.since > b.since ? -1 : 0),
  );
}
