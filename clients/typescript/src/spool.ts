// Items on disk (Node): written when the event loop has finished its turn, kept until the service has answered for them, found again by the next process.
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { ROUTES, type Batch, type ItemStore, type Route, type StoreOptions } from './stores.js';

/** Lines of one route in one file. `lines`: the same in memory, as long as nothing forces them out. */
interface Segment {
  route: Route;
  file: string;
  fd: number | null;
  lines: string[] | null;
  count: number;
  bytes: number;
  /** How many of the lines are on disk. */
  written: number;
}

/** Lines of one file. */
const SEGMENT_LINES = 2_000;
/** Sealed segments whose lines stay in memory too: the next to be sent. */
const KEPT_IN_MEMORY = 4;
/** A segment of another host is taken over when nobody has written to it for so long, ms. */
const ABANDONED = 60_000;

const slug = (route: Route): string => route.replace('/v1/', '');
const HOST = hostname().replace(/[^\w.]/g, '_');

export class SpoolStore implements ItemStore {
  private readonly active = new Map<Route, Segment>();
  private readonly sealed: Segment[] = [];
  private readonly run = Math.random().toString(36).slice(2, 10);
  private next = 0;
  private bytes = 0;
  private items = 0;
  private underway = 0;
  private scheduled = false;

  /** @throws Error when the folder cannot be made or written to */
  constructor(
    private readonly folder: string,
    private readonly options: StoreOptions,
  ) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(folder).sort()) this.adopt(name);
    this.trim();
  }

  get size(): number {
    return this.items;
  }

  get maxItems(): number {
    return this.options.maxItems;
  }

  get waiting(): number {
    return this.items - this.underway;
  }

  push(route: Route, line: string): boolean {
    const size = Buffer.byteLength(line) + 1;
    if (this.bytes + size > this.options.maxBytes) return false;
    const segment = this.segment(route);
    // Where the disk takes nothing, memory is the limit.
    if (segment.fd === null && this.items >= this.options.maxItems) return false;
    segment.lines?.push(line);
    segment.count++;
    segment.bytes += size;
    this.bytes += size;
    this.items++;
    if (!this.scheduled) {
      this.scheduled = true;
      setImmediate(() => this.write());
    }
    if (segment.count >= SEGMENT_LINES) this.seal(segment);
    return true;
  }

  take(_count: number): Batch | null {
    if (this.sealed.length === 0) for (const segment of [...this.active.values()]) this.seal(segment);
    const segment = this.sealed.shift();
    if (segment === undefined) return null;
    this.underway += segment.count;
    return {
      route: segment.route,
      count: segment.count,
      held: segment.lines,
      lines: () => linesOf(segment),
      done: () => this.forget(segment),
    };
  }

  keep(): boolean {
    this.write();
    for (const segment of [...this.active.values()]) this.seal(segment);
    return this.sealed.every((segment) => segment.written === segment.count);
  }

  /** Put what has come since on disk. */
  private write(): void {
    this.scheduled = false;
    for (const segment of this.active.values()) this.writeSegment(segment);
  }

  private writeSegment(segment: Segment): void {
    const lines = segment.lines?.slice(segment.written) ?? [];
    if (lines.length === 0 || segment.fd === null) return;
    try {
      writeAll(segment.fd, Buffer.from(`${lines.join('\n')}\n`));
      segment.written = segment.count;
    } catch (error) {
      this.options.warn(
        'spool',
        `the spool ${this.folder} cannot be written (${reason(error)}): items wait in memory.`,
      );
      this.abandon(segment);
    }
  }

  /** The disk failed under a segment: its lines stay in memory, and no half line is left for the next process. */
  private abandon(segment: Segment): void {
    if (segment.fd !== null) closeQuietly(segment.fd);
    segment.fd = null;
    segment.written = 0;
    rmSync(segment.file, { force: true });
  }

  private segment(route: Route): Segment {
    const known = this.active.get(route);
    if (known !== undefined) return known;
    const file = path.join(
      this.folder,
      `${slug(route)}~${HOST}~${process.pid}~${this.run}~${String(this.next++).padStart(9, '0')}.ndjson`,
    );
    const segment: Segment = { route, file, fd: null, lines: [], count: 0, bytes: 0, written: 0 };
    try {
      segment.fd = openSync(file, 'wx', 0o600);
    } catch (error) {
      this.options.warn(
        'spool',
        `the spool ${this.folder} cannot be written (${reason(error)}): items wait in memory.`,
      );
    }
    this.active.set(route, segment);
    return segment;
  }

  private seal(segment: Segment): void {
    this.writeSegment(segment);
    if (segment.fd !== null) {
      closeQuietly(segment.fd);
      segment.fd = null;
    }
    this.active.delete(segment.route);
    this.sealed.push(segment);
    this.trim();
  }

  /** What is on disk and not next need not be in memory. */
  private trim(): void {
    for (const segment of this.sealed.slice(KEPT_IN_MEMORY))
      if (segment.written === segment.count) segment.lines = null;
  }

  private forget(segment: Segment): void {
    this.items -= segment.count;
    this.underway -= segment.count;
    this.bytes -= segment.bytes;
    rmSync(segment.file, { force: true });
  }

  /** A segment that a process left behind: of a process that is gone, or of an earlier one with this process's id. */
  private adopt(name: string): void {
    const found = /^([\w-]+)~([\w.]+)~(\d+)~(\w+)~\d+\.ndjson$/.exec(name);
    const route = ROUTES.find((candidate) => slug(candidate) === found?.[1]);
    if (found === null || route === undefined) return;
    const [, , host, pid] = found;
    const file = path.join(this.folder, name);
    try {
      if (!isAbandoned(host ?? '', Number(pid), file)) return;
      // Under a name of this process: two that start at once do not take the same one.
      const mine = path.join(
        this.folder,
        `${slug(route)}~${HOST}~${process.pid}~${this.run}~${String(this.next++).padStart(9, '0')}.ndjson`,
      );
      renameSync(file, mine);
      const lines = wholeLines(readFileSync(mine, 'utf8'));
      const bytes = statSync(mine).size;
      if (lines.length === 0) return rmSync(mine, { force: true });
      this.sealed.push({ route, file: mine, fd: null, lines, count: lines.length, bytes, written: lines.length });
      this.items += lines.length;
      this.bytes += bytes;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      this.options.warn('adopt', `what an earlier process left in ${file} cannot be read (${reason(error)}).`);
    }
  }
}

async function linesOf(segment: Segment): Promise<readonly string[]> {
  return segment.lines ?? wholeLines(await readFile(segment.file, 'utf8'));
}

/** The lines of a file; the last one only when a crash did not cut it. */
function wholeLines(text: string): string[] {
  const lines = text.split('\n');
  const last = lines.pop() ?? '';
  if (last !== '' && isJson(last)) lines.push(last);
  return lines.filter((line) => line !== '');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function isAbandoned(host: string, pid: number, file: string): boolean {
  if (host !== HOST) return Date.now() - statSync(file).mtimeMs > ABANDONED;
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
}

function closeQuietly(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // The disk is full or gone: what was to be kept is in memory.
  }
}

function reason(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
