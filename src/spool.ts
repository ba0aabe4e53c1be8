// Temporary files of this machine: uploads and exports on their way, each named after its process, and swept when that is gone.
import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Where they lie. Files are readable by this user only. */
export const SPOOL_FOLDER = path.join(tmpdir(), 'driftline-uploads');

/** The path of a temporary file or folder of this process. */
export function spoolPath(name: string): string {
  return path.join(SPOOL_FOLDER, `${process.pid}-${name}`);
}

let swept = false;

/** Remove what processes that were killed left behind. Once a process, before it has files of its own. */
export async function sweepSpool(): Promise<void> {
  if (swept) return;
  swept = true;
  const names = await readdir(SPOOL_FOLDER).catch(() => []);
  const left = names.filter((name) => isLeftOver(Number(/^(\d+)-/.exec(name)?.[1] ?? NaN)));
  await Promise.all(left.map((name) => rm(path.join(SPOOL_FOLDER, name), { recursive: true, force: true })));
}

/** A file of this process id can only be of an earlier process that had the same. */
function isLeftOver(pid: number): boolean {
  if (Number.isNaN(pid)) return false;
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
