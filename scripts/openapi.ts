// Writes docs/openapi.json from the routes. Nothing is opened: the description needs the schemas only.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import packageJson from '../package.json' with { type: 'json' };
import { systemClock } from '../src/clock.js';
import { buildApp } from '../src/http/app.js';
import type { Services } from '../src/services/api.js';

/** Never called: routes use the services only when a request comes. */
const noServices = Object.freeze({}) as Services;

const app = await buildApp({
  services: noServices,
  config: { adminKey: null, bodyLimit: 1, uploadLimit: 1 },
  logger: pino({ level: 'silent' }),
  clock: systemClock,
  version: packageJson.version,
});
const target = path.join(import.meta.dirname, '..', 'docs', 'openapi.json');
const text = `${JSON.stringify(app.swagger(), null, 2)}
`;
await app.close();
await mkdir(path.dirname(target), { recursive: true });
await writeFile(target, text);
console.log(`${path.relative(process.cwd(), target)}: ${Object.keys(app.swagger().paths ?? {}).length} paths`);
