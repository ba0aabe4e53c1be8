// Form parts: a label with every control, the service's complaint beside the field it is about.
import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import { ApiError } from '../lib/api.js';
import { say } from './dialog.js';

/** A labelled control. `problem` is shown under it and told to screen readers. */
export function Field({
  label,
  hint,
  problem,
  wide = false,
  children,
}: {
  label: string;
  hint?: string;
  problem?: string | undefined;
  wide?: boolean;
  children: (id: string) => ComponentChildren;
}) {
  const id = useId();
  return (
    <div class={`field${wide ? ' wide' : ''}`}>
      <label for={id}>{label}</label>
      {children(id)}
      {hint !== undefined && <span class="hint">{hint}</span>}
      {problem !== undefined && (
        <span class="bad" role="alert">
          {problem}
        </span>
      )}
    </div>
  );
}

/** What a control shows, what it does with another value, and the complaint about it. */
export interface Bound<T> {
  value: T;
  set: (value: T) => void;
  problem?: string | undefined;
}

/** A line of text. */
export function TextField({
  label,
  value,
  set,
  hint,
  problem,
  type = 'text',
  list,
  placeholder,
  wide,
}: Bound<string> & {
  label: string;
  hint?: string;
  type?: 'text' | 'number' | 'password' | 'search' | 'datetime-local';
  list?: readonly string[];
  placeholder?: string;
  wide?: boolean;
}) {
  return (
    <Field label={label} hint={hint} problem={problem} wide={wide}>
      {(id) => (
        <>
          <input
            id={id}
            {...({ type } as { type: 'text' })}
            value={value}
            placeholder={placeholder}
            aria-invalid={problem !== undefined}
            list={list === undefined ? undefined : `${id}-list`}
            onInput={(event) => set(event.currentTarget.value)}
          />
          {list !== undefined && (
            <datalist id={`${id}-list`}>
              {list.map((one) => (
                <option key={one} value={one} />
              ))}
            </datalist>
          )}
        </>
      )}
    </Field>
  );
}

/** One of several. */
export function ChoiceField({
  label,
  value,
  values,
  set,
  hint,
  problem,
}: Bound<string> & {
  label: string;
  values: readonly (readonly [string, string])[];
  hint?: string;
}) {
  return (
    <Field label={label} hint={hint} problem={problem}>
      {(id) => (
        <select
          id={id}
          value={value}
          aria-invalid={problem !== undefined}
          onChange={(event) => set(event.currentTarget.value)}
        >
          {values.map(([key, name]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** Yes or no. */
export function CheckField({ label, value, set }: Bound<boolean> & { label: string }) {
  return (
    <label class="check">
      <input type="checkbox" checked={value} onChange={(event) => set(event.currentTarget.checked)} />
      {label}
    </label>
  );
}

/** Any number of several. `empty`: what stands there where there are none. */
export function ChecksField({
  label,
  values,
  value,
  set,
  problem,
  empty,
  wide = false,
}: Bound<string[]> & { label: string; values: readonly string[]; empty?: ComponentChildren; wide?: boolean }) {
  return (
    <fieldset class={`field checks${wide ? ' wide' : ''}`}>
      <legend class="label">{label}</legend>
      {values.length === 0 && <span class="hint">{empty}</span>}
      {values.map((one) => (
        <CheckField
          key={one}
          label={one}
          value={value.includes(one)}
          set={(on) => set(on ? [...value, one] : value.filter((other) => other !== one))}
        />
      ))}
      {problem !== undefined && (
        <span class="bad" role="alert">
          {problem}
        </span>
      )}
    </fieldset>
  );
}

/** The values of a form, and its controls by name. */
export interface Form<T> {
  values: T;
  change: (changes: Partial<T>) => void;
  /** What a control needs to show a value, change it, and say what is wrong with it. `path`: where complaints name it otherwise. */
  bind: <K extends keyof T & string>(key: K, ...paths: string[]) => Bound<T[K]>;
  sending: Sending;
}

/** A form that begins with these values. */
export function useForm<T extends object>(first: T): Form<T> {
  const [values, setValues] = useState(first);
  const sending = useSending();
  const change = (changes: Partial<T>): void => setValues((last) => ({ ...last, ...changes }));
  return {
    values,
    change,
    sending,
    bind: <K extends keyof T & string>(key: K, ...paths: string[]) => ({
      value: values[key],
      set: (value: T[K]) => setValues((last) => ({ ...last, [key]: value })),
      problem: [key, ...paths].map(sending.problem).find((one) => one !== undefined),
    }),
  };
}

/** What a form sends, and what came of it. */
export interface Sending {
  busy: boolean;
  error: ApiError | null;
  /** The complaint about a field, by its path. */
  problem: (path: string) => string | undefined;
  run: (work: () => Promise<unknown>, done?: string) => Promise<boolean>;
}

/** Run calls one at a time, keeping the last complaint. */
function useSending(): Sending {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  return {
    busy,
    error,
    problem: (path) => error?.fields.find((field) => field.path === path || field.path.endsWith(`.${path}`))?.message,
    run: async (work, done) => {
      setBusy(true);
      setError(null);
      try {
        await work();
        if (done !== undefined) say(done);
        return true;
      } catch (failure) {
        setError(failure instanceof ApiError ? failure : new ApiError(0, 'page', 'The page failed', String(failure)));
        return false;
      } finally {
        setBusy(false);
      }
    },
  };
}

/** Fields with what was wrong over them and the button under them. `ready`: whether there is something to send. */
export function SubmitForm({
  form: { sending },
  submit,
  ready,
  save,
  children,
}: {
  form: Pick<Form<object>, 'sending'>;
  submit: string;
  ready: boolean;
  save: () => Promise<unknown>;
  children: ComponentChildren;
}) {
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <Complaint error={sending.error} />
      <div class="form">{children}</div>
      <button type="submit" class="button primary spaced" disabled={sending.busy || !ready}>
        {submit}
      </button>
    </form>
  );
}

/** The complaint that belongs to no field. */
export function Complaint({ error }: { error: ApiError | null }) {
  if (error === null) return null;
  return (
    <div class="banner critical" role="alert">
      <strong>{error.title}</strong>
      <span>{error.detail}</span>
    </div>
  );
}
