// The commands, in the order in which the help shows them.
import type { Command } from 'commander';
import type { Context } from '../context.js';
import { addDemo } from './demo.js';
import { addDoctor } from './doctor.js';
import { addExport } from './export.js';
import { addImport } from './import.js';
import { addJob } from './job.js';
import { addKeys } from './keys.js';
import { addMigrate } from './migrate.js';
import { addQuery } from './query.js';
import { addRegistry } from './registry.js';
import { addRejected } from './rejected.js';
import { addRules } from './rules.js';
import { addServe } from './serve.js';

/** Adds a command, with its options and help, to the program. A file each in this folder. */
export type AddCommand = (program: Command, context: Context) => void;

export const COMMANDS: readonly AddCommand[] = [
  addServe,
  addDemo,
  addMigrate,
  addJob,
  addImport,
  addExport,
  addQuery,
  addRejected,
  addKeys,
  addRules,
  addRegistry,
  addDoctor,
];
