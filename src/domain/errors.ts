// The one error hierarchy: each error knows its HTTP status, a stable code and a sentence that tells the caller what to do.

/** One problem with one item or field of a request. `index` is the item's position in a batch; `path` is the field, dotted. */
export interface ItemError {
  index?: number;
  code: string;
  path: string;
  message: string;
}

/** Extra facts that an error carries to the answer. */
export interface ErrorDetails {
  errors?: ItemError[];
  retryAfterSeconds?: number;
  cause?: unknown;
}

/** Base of every error that a caller may see. `detail` is written for the caller and never holds row values or secrets. */
export class DriftlineError extends Error {
  readonly errors: ItemError[] | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    details: ErrorDetails = {},
  ) {
    super(detail, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.errors = details.errors;
    this.retryAfterSeconds = details.retryAfterSeconds;
    // The engine's own text may quote a row: keep the cause out of anything that serialises the error.
    if (details.cause !== undefined) Object.defineProperty(this, 'cause', { enumerable: false });
  }
}

/** 400: the request cannot be understood or breaks a rule. */
export class InvalidInputError extends DriftlineError {
  constructor(detail: string, errors?: ItemError[], code = 'invalid_input') {
    super(400, code, 'Invalid input', detail, errors === undefined ? {} : { errors });
  }
}

/** 401: no key, or one that is not known. */
export class UnauthorizedError extends DriftlineError {
  constructor(detail = 'Send a valid key as `Authorization: Bearer KEY`.') {
    super(401, 'unauthorized', 'Unauthorized', detail);
  }
}

/** 403: a known key without the scope or model that the call needs. */
export class ForbiddenError extends DriftlineError {
  constructor(detail: string) {
    super(403, 'forbidden', 'Forbidden', detail);
  }
}

/** 404: no such thing. */
export class NotFoundError extends DriftlineError {
  constructor(detail: string) {
    super(404, 'not_found', 'Not found', detail);
  }
}

/** 409: the call contradicts what is stored. */
export class ConflictError extends DriftlineError {
  constructor(detail: string) {
    super(409, 'conflict', 'Conflict', detail);
  }
}

/** What a registry refuses, by MLflow's error code and message, which its clients match on. `code` is the error code in lower case. */
export class RegistryError extends DriftlineError {
  constructor(status: number, errorCode: string, message: string) {
    super(status, errorCode.toLowerCase(), 'Registry error', message);
  }
}

/** 413: more than a stated limit. */
export class TooLargeError extends DriftlineError {
  constructor(detail: string) {
    super(413, 'too_large', 'Payload too large', detail);
  }
}

/** 415: a content type that the route does not read. */
export class UnsupportedMediaTypeError extends DriftlineError {
  constructor(detail: string) {
    super(415, 'unsupported_media_type', 'Unsupported media type', detail);
  }
}

/** 429: the buffer in front of the store is full; the caller should send the same again later. */
export class BusyError extends DriftlineError {
  constructor(detail = 'The ingest buffer is full. Send the same request again after the time in Retry-After.') {
    super(429, 'busy', 'Too many requests', detail, { retryAfterSeconds: 1 });
  }
}

/** 429: more requests than a key may make in a minute. */
export class RateLimitError extends DriftlineError {
  constructor(limit: number, seconds: number) {
    const detail = `This key may make ${limit} requests a minute. Send the same request again after the time in Retry-After; batches count as one.`;
    super(429, 'rate_limited', 'Too many requests', detail, { retryAfterSeconds: seconds });
  }
}

/** 503: the store does not answer. `nothingSent`: no statement reached it, so that nothing of the request can be stored. */
export class StoreUnavailableError extends DriftlineError {
  constructor(
    detail = 'The store does not answer. Send the same request again after the time in Retry-After.',
    cause?: unknown,
    readonly nothingSent = false,
  ) {
    super(503, 'store_unavailable', 'Store unavailable', detail, { retryAfterSeconds: 5, cause });
  }
}

/** 500: the store refused a statement of ours: a fault in Driftline, logged in full and hidden from the caller. */
export class StoreError extends DriftlineError {
  constructor(
    readonly queryName: string,
    readonly engineCode: string | null,
    cause: unknown,
  ) {
    super(
      500,
      'store_error',
      'Store error',
      `The store refused the statement ${queryName}. The service log has the details.`,
      { cause },
    );
  }
}

/** A process that cannot start: a bad setting, a locked folder. `exitCode` is for the shell. */
export class StartupError extends DriftlineError {
  constructor(detail: string, cause?: unknown) {
    super(500, 'startup', 'Cannot start', detail, { cause });
  }
}
