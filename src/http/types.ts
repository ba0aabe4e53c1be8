// The shapes that the plugins and routes share: the typed Fastify instance, what a route is given, what a route declares.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import type { Scope } from '../domain/contract/alerts.js';
import type { Principal, Services } from '../services/api.js';

/** A Fastify instance whose handlers are typed by their zod schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** The settings of the HTTP layer. Sizes in bytes. */
export interface HttpConfig {
  /** null: authentication is off and every caller may do everything. */
  adminKey: string | null;
  /** The most a JSON or NDJSON body may hold, before and after decompression. */
  bodyLimit: number;
  /** The same for a CSV or Parquet body, which is spooled to a file. */
  uploadLimit: number;
  /** The folder with the built dashboard; left out or null: a page without it. */
  dashboard?: string | null;
  /** Whether people reach the service over TLS: session cookies are then sent over nothing else. */
  secureCookies?: boolean;
  /** Requests a minute of one key; left out or 0: any number. */
  rateLimit?: number;
  /** Origins whose pages may call the API; left out or empty: none. */
  corsOrigins?: readonly string[];
}

/** What the routes work with. */
export interface RouteContext {
  services: Services;
  clock: () => number;
  config: HttpConfig;
}

/** A documented answer: one schema a content type. */
interface DocumentedAnswer {
  description: string;
  content: Record<string, { schema: z.ZodType }>;
}

/** What stands in the OpenAPI document only: bodies and answers that are not passed through zod because they may be large. */
export interface RouteDocs {
  /** Content type to schema. Also what an answer of 415 names. */
  body?: Record<string, z.ZodType>;
  response?: Record<number, DocumentedAnswer>;
  /** How an error is answered, where that is not by a problem document: in the form of another system's protocol. */
  error?: (description: string) => DocumentedAnswer;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls. Set on every route but the open ones. */
    principal: Principal;
  }
  interface FastifyContextConfig {
    /** The scope a key needs; `open` needs none. A route that declares nothing needs `admin`. */
    scope?: Scope | 'open';
    /** The route reaches every model: a key that is limited to models may not call it. */
    everyModel?: boolean;
    /** The answer may take longer than an idle connection is kept. */
    slow?: boolean;
    /** A call without a body means `{}`. */
    optionalBody?: boolean;
    /** The key may also come as the header's whole value, plain or in base64, as Cloudera's clients send it. */
    bareKey?: boolean;
    docs?: RouteDocs;
  }
}
