import type { SqlApi } from './api.js';
export class SqlService implements SqlApi {
  constructor(readonly port: unknown) {}
  run(): ReturnType<SqlApi['run']> {
    return Promise.reject(new Error('stub'));
  }
}
