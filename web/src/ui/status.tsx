// A status as shape, word and colour: never by colour alone.
import type { ComponentChildren } from 'preact';

export type Level = 'ok' | 'watch' | 'critical' | 'none';

const PATHS: Record<Level, string> = {
  ok: 'M2.5 7.5l3 3 6-7',
  watch: 'M7 1.5L13 12.5H1zM7 5.5v3M7 10.4v.4',
  critical: 'M4.5 1h5L13 4.5v5L9.5 13h-5L1 9.5V4.5zM4.8 4.800l4.4 4.400M9.200 4.800l-4.4 4.4',
  none: 'M7 1.5a5.5 5.5 0 1 0 .001 0zM4.5 7h5',
};
const WAITING = 'M7 1.5a5.5 5.5 0 1 0 .001 0zM7 4v3.200l2.200 1.300';

const WORDS: Record<string, [Level, string]> = {
  ok: ['ok', 'ok'],
  watch: ['watch', 'watch'],
  warning: ['watch', 'warning'],
  critical: ['critical', 'critical'],
  'beyond its limit': ['watch', 'beyond its limit'],
  no_data: ['none', 'no data'],
  insufficient_data: ['none', 'not enough data'],
  waiting_for_labels: ['none', 'waiting for labels'],
  no_labels: ['none', 'waiting for labels'],
  provisional: ['none', 'labels still due'],
  firing: ['critical', 'firing'],
  acknowledged: ['watch', 'acknowledged'],
  silenced: ['none', 'silenced'],
  pending: ['watch', 'pending'],
  resolved: ['ok', 'resolved'],
  error: ['critical', 'error'],
  failed: ['critical', 'failed'],
  partial: ['watch', 'partial'],
  running: ['none', 'running'],
  'fewer than usual': ['watch', 'fewer than usual'],
  live: ['ok', 'live'],
  silent: ['none', 'silent'],
  sent: ['ok', 'sent'],
  'in force': ['ok', 'in force'],
  done: ['ok', 'done'],
};

/** The word of a status, for sentences and sorting. */
export function statusWord(status: string): string {
  return WORDS[status]?.[1] ?? status.replaceAll('_', ' ');
}

/** A status. `children` is the reason, beside it. */
export function Status({ status, children }: { status: string; children?: ComponentChildren }) {
  const [level, word] = WORDS[status] ?? (['none', status.replaceAll('_', ' ')] as const);
  const waits =
    word === 'waiting for labels' || word === 'labels still due' || word === 'running' || word === 'pending';
  return (
    <span class={`status s-${level}`} data-status={status}>
      <svg viewBox="0 0 14 14" aria-hidden="true">
        <path
          d={waits ? WAITING : PATHS[level]}
          fill="none"
          stroke="currentColor"
          stroke-width="1.6"
          stroke-linecap="round"
          stroke-linejoin="round"
        />
      </svg>
      <span class="word">{word}</span>
      {children !== undefined && <span class="why">{children}</span>}
    </span>
  );
}
