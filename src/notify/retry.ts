// Retries of one send: exponential backoff with full jitter for temporary failures, none for refusals.
import { setTimeout as pause } from 'node:timers/promises';
import { backOff } from 'exponential-backoff';
import { DeliveryError, type Delivered } from '../domain/alerts/notice.js';

/** How often and how fast one send is tried. Milliseconds. */
export interface RetryOptions {
  attempts: number;
  startingDelay: number;
  maxDelay: number;
}

/** Four attempts in about ten seconds: a longer trouble is for the next evaluation. */
export const DEFAULT_RETRY: RetryOptions = { attempts: 4, startingDelay: 500, maxDelay: 10_000 };

/** A failed attempt, told apart by whether another one can help. */
export class AttemptError extends Error {
  constructor(
    message: string,
    readonly permanent: boolean,
    /** How long the other side asked to be left alone, ms; null where it did not. */
    readonly waitMs: number | null = null,
    /** The other side did not answer at all. */
    readonly unreachable = false,
  ) {
    super(message);
  }
}

/**
 * Try `attempt` until it succeeds, refuses for good, asks for more time than there is or the attempts are used up. It answers with a warning or null.
 * @throws DeliveryError with the number of attempts made.
 */
export async function withRetry(attempt: () => Promise<string | null>, options: RetryOptions): Promise<Delivered> {
  let attempts = 0;
  try {
    const warning = await backOff(
      () => {
        attempts += 1;
        return attempt();
      },
      {
        numOfAttempts: options.attempts,
        startingDelay: options.startingDelay,
        maxDelay: options.maxDelay,
        jitter: 'full',
        retry: async (error: unknown) => {
          if (!(error instanceof AttemptError)) return true;
          // Who asks for more time than this send has is asked again by the next evaluation.
          if (error.permanent || (error.waitMs ?? 0) > options.maxDelay) return false;
          if (error.waitMs !== null) await pause(error.waitMs);
          return true;
        },
      },
    );
    return { attempts, warning };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const { permanent, unreachable } = error instanceof AttemptError ? error : { permanent: false, unreachable: false };
    throw new DeliveryError(message, attempts, permanent, unreachable);
  }
}
