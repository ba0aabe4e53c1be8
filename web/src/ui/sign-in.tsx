// Sign-in with an API key. The key goes to the service once and is not kept: a cookie that scripts cannot read stands for it.
import { useState } from 'preact/hooks';
import { ApiError, send } from '../lib/api.js';
import { Field } from './form.js';
import type { Session } from './view.js';

/** `ended`: whether somebody was signed in before. */
export function SignIn({ ended, done }: { ended: boolean; done: (session: Session) => void }) {
  const [key, setKey] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (): Promise<void> => {
    setBusy(true);
    try {
      done(await send<Session>('POST', '/v1/session', { key: key.trim() }));
    } catch (error) {
      const unknown = error instanceof ApiError && error.status === 401;
      setProblem(unknown ? 'This key is not known here.' : error instanceof ApiError ? error.detail : String(error));
      setBusy(false);
    }
  };
  return (
    <form
      class="sign-in"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <h1>Driftline</h1>
      {ended && <p role="status">The session has ended. After signing in you are where you were.</p>}
      <p class="muted">Sign in with an API key, or with the admin key of this service.</p>
      <Field label="API key" problem={problem ?? undefined}>
        {(id) => (
          <input
            id={id}
            type="password"
            autocomplete="current-password"
            required
            value={key}
            aria-invalid={problem !== null}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        )}
      </Field>
      <button type="submit" class="button primary" disabled={busy || key.trim() === ''}>
        Sign in
      </button>
    </form>
  );
}
