// Whether a silence covers an alert.
import type { Alert, Silence } from '../contract/alerts.js';

/** Whether one of the silences is active at `now` and matches the alert. A matcher is equal to the alert's field, or `*`. */
export function isSilenced(alert: Alert, silences: readonly Silence[], now: number): boolean {
  return silences.some(({ starts, ends, matchers }) => {
    if (now < starts || now >= ends) return false;
    return Object.entries(matchers).every(
      ([field, wanted]) => wanted === '*' || alert[field as keyof Silence['matchers']] === wanted,
    );
  });
}
