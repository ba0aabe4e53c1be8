// What happened to a model, as marks on its charts.
import type { ModelEvent } from '../../../src/domain/contract/registry.js';
import { shorten } from './format.js';
import type { Mark } from './series.js';

/** More marks than this cannot be read: then only those that change what serves or what is compared. */
const MOST = 8;
const LONGEST = 24;
const IMPORTANT = new Set<ModelEvent['kind']>(['stage', 'version', 'baseline']);
/** A version that was there when the range begins is no news. */
const SETTLED = 86_400_000;

/** The marks of a range that begins at `from`. */
export function marksOf(events: readonly ModelEvent[], from: string): Mark[] {
  const start = new Date(from).getTime();
  const news = events.filter((event) => event.kind !== 'version' || new Date(event.time).getTime() - start > SETTLED);
  const shown = news.length > MOST ? news.filter((event) => IMPORTANT.has(event.kind)) : news;
  return shown.slice(-MOST).map((event) => ({ time: event.time, text: shorten(event.text, LONGEST) }));
}
