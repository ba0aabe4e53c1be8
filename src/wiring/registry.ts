// Wires the model registry.
import { Registry } from '../services/registry/registry.js';
import type { Tables } from '../store/tables.js';

export function wireRegistry(tables: Tables, clock: () => number): Registry {
  return new Registry(tables.registry, clock);
}
