// The time range of the page: relative or absolute, in the address.
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { change, go } from '../lib/location.js';
import { interval, zoneName } from '../prepare/format.js';
import { fromInput, PRESETS, toInput } from '../prepare/range.js';
import { TextField } from './form.js';
import { useView } from './view.js';

export function RangePicker() {
  const { range, zone, place } = useView();
  const [open, set] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const preset = PRESETS.find((one) => one.key === range.key);
  const label =
    preset?.label ?? (range.from === null || range.to === null ? 'Range' : interval(range.from, range.to, zone));
  // With the panel itself: a key may be pressed as soon as it is there.
  useLayoutEffect(() => {
    if (!open) return;
    const close = (event: Event): void => {
      if (!(event instanceof KeyboardEvent)) {
        if (!box.current?.contains(event.target as Node)) set(false);
      } else if (event.key === 'Escape') {
        set(false);
        opener.current?.focus();
      }
    };
    addEventListener('pointerdown', close);
    addEventListener('keydown', close);
    return () => {
      removeEventListener('pointerdown', close);
      removeEventListener('keydown', close);
    };
  }, [open]);
  const choose = (changes: Record<string, string | null>): void => {
    set(false);
    opener.current?.focus();
    go(change({ range: null, from: null, to: null, at: null, until: null, ...changes }, place));
  };
  return (
    <div class="popover" ref={box}>
      <button
        ref={opener}
        type="button"
        class="button"
        title={label}
        aria-haspopup="dialog"
        aria-expanded={open}
        onClick={() => set(!open)}
        data-testid="range"
      >
        <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
          <path d="M1.5 3h11v9.5h-11zM1.5 6h11M4.5 1v3M9.5 1v3" fill="none" stroke="currentColor" stroke-width="1.3" />
        </svg>
        <span class="cut">{label}</span>
      </button>
      {open && (
        <div class="popover-panel" role="dialog" aria-label="Time range">
          <ul class="stack-tight">
            {PRESETS.map((one) => (
              <li key={one.key}>
                <button
                  type="button"
                  class="button quiet"
                  aria-pressed={range.key === one.key}
                  onClick={() => choose({ range: one.key === 'newest' ? null : one.key })}
                >
                  {one.label}
                </button>
              </li>
            ))}
          </ul>
          <Absolute
            utc={zone === 'UTC'}
            name={zoneName(zone)}
            from={range.from}
            to={range.to}
            choose={(from, to) => choose({ from, to })}
          />
        </div>
      )}
    </div>
  );
}

function Absolute({
  utc,
  name,
  from,
  to,
  choose,
}: {
  utc: boolean;
  name: string;
  from: string | null;
  to: string | null;
  choose: (from: string, to: string) => void;
}) {
  const [start, setStart] = useState(toInput(from, utc));
  const [end, setEnd] = useState(toInput(to, utc));
  const [a, b] = [fromInput(start, utc), fromInput(end, utc)];
  const bad = a !== null && b !== null && a >= b;
  return (
    <form
      class="stack-tight absolute"
      onSubmit={(event) => {
        event.preventDefault();
        if (a !== null && b !== null && !bad) choose(a, b);
      }}
    >
      <TextField label={`From (${name})`} type="datetime-local" value={start} set={setStart} />
      <TextField
        label="To, exclusive"
        type="datetime-local"
        value={end}
        set={setEnd}
        problem={bad ? 'must be after the start' : undefined}
      />
      <button type="submit" class="button primary" disabled={a === null || b === null || bad}>
        Show
      </button>
    </form>
  );
}
