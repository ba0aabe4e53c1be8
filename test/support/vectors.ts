// The vectors of the clients: what a call becomes on the wire, the same for every language.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../src/package-root.js';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export interface Case {
  name: string;
  only?: string;
  [key: string]: unknown;
}

/** A file of vectors. */
export function vectors(name: string): Record<string, unknown> & { cases: Case[] } {
  const file = path.join(packageRoot(), 'clients/vectors', `${name}.json`);
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown> & { cases: Case[] };
}

/** The cases that this language has. */
export const casesOf = (cases: Case[]): Case[] =>
  cases.filter((found) => found.only === undefined || found.only === 'typescript');

const MAKERS: Record<string, (value: never) => unknown> = {
  nan: () => NaN,
  infinity: () => Infinity,
  '-infinity': () => -Infinity,
  integer: (digits: string) => BigInt(digits),
  datetime: (text: string) => new Date(text),
  invalid_date: () => new Date(NaN),
  undefined: () => undefined,
  bytes: (text: string) => new Uint8Array(Buffer.from(text, 'base64')),
  set: (elements: Json[]) => new Set(elements.map(revive)),
  map: (entries: [Json, Json][]) => new Map(entries.map(([key, value]) => [revive(key), revive(value)])),
  range: (length: number) => Array.from({ length }, (_, index) => index),
  text_range: (length: number) => Array.from({ length }, (_, index) => String(index)),
  nested_range: (length: number) => Array.from({ length }, () => Array.from({ length }, (_, index) => index)),
  deep: (depth: number) => nest(depth, 1),
  deep_cut: (depth: number) => nest(depth, null),
  lone_surrogate: () => 'a\ud800b',
  array: (numbers: number[]) => Float64Array.from(numbers),
};

function nest(depth: number, inner: unknown): unknown {
  let value = inner;
  for (let level = 0; level < depth; level++) value = { a: value };
  return value;
}

/** JSON with stand-ins, as the values that it stands for. */
export function revive(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(revive);
  if (typeof json !== 'object' || json === null) return json;
  if ('$' in json) {
    const { $: kind, value } = json as { $: string; value: unknown };
    const make = MAKERS[kind];
    if (make === undefined) throw new Error(`the vectors have a kind that this language does not: ${kind}`);
    return make(value as never);
  }
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, revive(value)]));
}

/** `latency_ms` as `latencyMs`. */
export const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
