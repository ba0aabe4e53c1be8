// Properties end before their test's time does: a counterexample that takes long to shrink is reported as it is then, instead of as "timed out".
import fc from 'fast-check';
import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** ms that a property may take, its shrinking included. */
    propertyLimit: number;
  }
}

fc.configureGlobal({ interruptAfterTimeLimit: inject('propertyLimit'), markInterruptAsFailure: true });
