// The dashboard in a real browser, on the flights of the demo: one service and one browser for all of it.
import { describe } from 'vitest';
import { canRun } from './browser.js';
import { useGround } from './ground.js';
import { access } from './parts/access.js';
import { data } from './parts/data.js';
import { guards } from './parts/guards.js';
import { looks } from './parts/looks.js';
import { numbers } from './parts/numbers.js';
import { registry } from './parts/registry.js';
import { states } from './parts/states.js';
import { watching } from './parts/watching.js';
import { ways } from './parts/ways.js';

describe.skipIf(!canRun())('the dashboard', () => {
  const ground = useGround();
  numbers(ground);
  ways(ground);
  watching(ground);
  data(ground);
  registry(ground);
  access(ground);
  states(ground);
  guards(ground);
  looks(ground);
});
