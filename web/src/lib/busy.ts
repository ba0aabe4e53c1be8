// Whether the page still does something that the reader waits for: `data-state` of the document is `busy` or `settled`.

/** What a person does to a page; what comes of it begins a little later. */
const DEEDS = ['click', 'input', 'change', 'keydown', 'drop', 'popstate', 'resize'] as const;

let underWay = 0;
let last = 0;

/** The page is about to change: it is settled when two frames have been drawn and nothing is under way any more. */
export function stir(): void {
  document.documentElement.dataset.state = 'busy';
  const mine = ++last;
  // One frame draws what changed, effects follow it and may ask for more; by the second they have.
  requestAnimationFrame(() =>
    requestAnimationFrame(() =>
      setTimeout(() => {
        if (mine === last && underWay === 0) document.documentElement.dataset.state = 'settled';
      }),
    ),
  );
}

/** Work that the page waits for: a call of the API, a part of the program. */
export async function during<T>(work: Promise<T>): Promise<T> {
  underWay++;
  stir();
  try {
    return await work;
  } finally {
    underWay--;
    stir();
  }
}

/** Begin to tell. */
export function tellBusy(): void {
  for (const deed of DEEDS) addEventListener(deed, stir, { capture: true });
  stir();
}
