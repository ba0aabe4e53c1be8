// Files that are dropped on the page: what they hold by their name, and what to call what is made of them.

const TYPES: Record<string, string> = {
  csv: 'text/csv',
  parquet: 'application/vnd.apache.parquet',
  ndjson: 'application/x-ndjson',
  jsonl: 'application/x-ndjson',
};

/** The content type of a file by its ending; null where it is none that the API reads. */
export function fileType(name: string): string | null {
  return TYPES[/\.([a-z]+)$/i.exec(name)?.[1]?.toLowerCase() ?? ''] ?? null;
}

/** A name for a baseline, from its file's: `Train data (2).csv` is `Train-data-2`. */
export function baselineName(file: string): string {
  return file
    .replace(/\.[a-z]+$/i, '')
    .replace(/[^\w.@-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 100);
}
