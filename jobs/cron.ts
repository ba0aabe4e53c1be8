// Cron expressions: why one is none, or never matches.
import { validateDetailed } from 'node-cron';

/** What is wrong with a cron expression (five fields, or six with the seconds first), or null. */
export function cronProblem(expression: string): string | null {
  const { valid, errors } = validateDetailed(expression);
  return valid ? null : errors.map((error) => error.message).join('; ');
}
