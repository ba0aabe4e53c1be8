// Dialogs, confirmations and short messages.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { send } from '../lib/api.js';
import { refreshAll } from '../lib/data.js';

/** A modal dialog; closes by its button, Escape, or a click beside it. */
export function Dialog({ title, close, children }: { title: string; close: () => void; children: ComponentChildren }) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    const opener = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      // The dialog may have left the page before it was closed: then the browser gives the focus back to nobody.
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onClick={(event) => {
        if (event.target === ref.current) close();
      }}
    >
      <div class="dialog-head">
        <h2>{title}</h2>
        <button type="button" class="button quiet" onClick={close}>
          Close
        </button>
      </div>
      <div class="dialog-body">{children}</div>
    </dialog>
  );
}

/** A button that asks before it does something that cannot be undone. */
export function ConfirmButton({
  label,
  question,
  confirm,
  danger = true,
  run,
}: {
  label: string;
  question: string;
  confirm: string;
  danger?: boolean;
  run: () => Promise<unknown>;
}) {
  const [open, set] = useState(false);
  const [busy, setBusy] = useState(false);
  const act = (): void => {
    setBusy(true);
    run()
      .catch((error: unknown) => say(error instanceof Error ? error.message : String(error)))
      .finally(() => {
        setBusy(false);
        set(false);
      });
  };
  return (
    <>
      <button type="button" class={`button${danger ? ' danger' : ''}`} onClick={() => set(true)}>
        {label}
      </button>
      {open && (
        <Dialog title={label} close={() => set(false)}>
          <div class="stack">
            <p>{question}</p>
            <div class="row">
              <button type="button" class={`button ${danger ? 'danger' : 'primary'}`} disabled={busy} onClick={act}>
                {confirm}
              </button>
              <button type="button" class="button" onClick={() => set(false)}>
                Cancel
              </button>
            </div>
          </div>
        </Dialog>
      )}
    </>
  );
}

/** A button that removes a thing of the API after a question. `what`: as in "Remove the rule"; `then`: what comes of it. */
export function RemoveButton({
  what,
  name,
  url,
  then = '',
}: {
  what: string;
  name: string;
  url: string;
  then?: string;
}) {
  return (
    <ConfirmButton
      label="Remove"
      question={`Remove the ${what} ${name}?${then === '' ? '' : ` ${then}`}`}
      confirm={`Remove the ${what}`}
      run={async () => {
        await send('DELETE', url);
        refreshAll();
      }}
    />
  );
}

const listeners = new Set<(message: string) => void>();

/** Say something for a few seconds, to screen readers too. */
export function say(message: string): void {
  for (const listener of listeners) listener(message);
}

/** Where short messages appear. */
export function Toasts() {
  const [message, set] = useState('');
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const listener = (text: string): void => {
      set(text);
      clearTimeout(timer);
      // A sentence takes longer to read than a word.
      timer = setTimeout(() => set(''), Math.max(5000, text.length * 80));
    };
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return (
    <div role="status" aria-live="polite">
      {message !== '' && <div class="toast">{message}</div>}
    </div>
  );
}
