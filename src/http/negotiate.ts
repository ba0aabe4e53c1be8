// Which of the offered content types a caller gets, by its Accept header (RFC 9110, section 12.5.1).
import { notAcceptable } from './schemas/problem.js';

interface Range {
  type: string;
  subtype: string;
  quality: number;
}

function parseRange(text: string): Range | null {
  const [name = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const [type, subtype] = name.split('/');
  if (!type || !subtype) return null;
  const given = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
  const quality = given === undefined ? 1 : Number(given);
  return { type, subtype, quality: Number.isFinite(quality) ? quality : 0 };
}

/** How much `ranges` want `offer`: the quality of the most specific range that matches, 0 where none does. */
function qualityOf(offer: string, ranges: readonly Range[]): number {
  const [type, subtype] = offer.split('/');
  const exact = ranges.find((range) => range.type === type && range.subtype === subtype);
  const family = ranges.find((range) => range.type === type && range.subtype === '*');
  const any = ranges.find((range) => range.type === '*' && range.subtype === '*');
  return (exact ?? family ?? any)?.quality ?? 0;
}

/**
 * The offer that the caller likes best; the earlier one of equals; the first without a header.
 * @throws DriftlineError 406 that lists the offers.
 */
export function negotiate<T extends string>(accept: string | undefined, offers: readonly [T, ...T[]]): T {
  const ranges = (accept ?? '').split(',').flatMap((text) => parseRange(text) ?? []);
  if (ranges.length === 0) return offers[0];
  let best: T | null = null;
  let quality = 0;
  for (const offer of offers) {
    const wanted = qualityOf(offer, ranges);
    if (wanted <= quality) continue;
    best = offer;
    quality = wanted;
  }
  if (best === null) throw notAcceptable(offers);
  return best;
}
