// Where the package is installed: schema files stand beside package.json, whether the code runs from src or from dist.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The nearest folder upwards that holds package.json and schema/. */
export function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!(existsSync(path.join(folder, 'package.json')) && existsSync(path.join(folder, 'schema')))) {
    const parent = path.dirname(folder);
    if (parent === folder) throw new Error('package.json and schema/ were not found above the code');
    folder = parent;
  }
  return folder;
}

/** The release. */
export function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(path.join(packageRoot(), 'package.json'), 'utf8')) as { version: string };
  return manifest.version;
}
