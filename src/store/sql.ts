import type { Store } from './store.js';
export class SqlTable {
  constructor(readonly store: Store) {}
}
