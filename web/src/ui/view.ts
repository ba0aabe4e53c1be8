// What every part of a page needs to know: zone, theme, who is signed in, where the reader is.
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Place } from '../lib/location.js';
import type { Zone } from '../prepare/format.js';
import type { Range } from '../prepare/range.js';

export interface Session {
  authentication: boolean;
  principal: { name: string; scopes: string[]; models: string[] | null } | null;
}

export interface View {
  place: Place;
  zone: Zone;
  dark: boolean;
  range: Range;
  session: Session;
  /** Whether the reader may change things. */
  admin: boolean;
}

export const ViewContext = createContext<View | null>(null);

/** The view of the page. */
export function useView(): View {
  const view = useContext(ViewContext);
  if (view === null) throw new Error('outside of the page');
  return view;
}
