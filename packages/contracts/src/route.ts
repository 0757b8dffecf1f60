import { z } from "zod";
import type { Role } from "./roles.ts";

export type Door = "api" | "nodes";
/**
 * Who may call: a role in the tenant; a role of the provider's staff (a grant on `*`); whoever is signed in; a node of a
 * kind; a person whose browser shows a certificate of its own; or nobody in particular. `peopleOnly`: no service token, and why.
 */
export type Access =
  | { role: Role; peopleOnly?: string }
  | { staff: Role; peopleOnly?: string }
  | { signedIn: true; peopleOnly?: string }
  | { node: "any" | "appliance" | "worker" }
  | { userCertificate: true }
  | { open: true; why: string };

/** The function that serves a route; each has a role of its own in AWS. */
export type ServedBy =
  | "api"
  | "wait"
  | "nodes"
  | "heartbeat"
  | "enrol"
  | "sessions"
  | "people"
  | "approve"
  | "support"
  | "secrets"
  | "queues";

export interface Route {
  /** The OpenAPI operation id, and the typed client's method. */
  id: string;
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** Below the door's root: `/api/v1/tasks/{taskId}`. */
  path: string;
  door: Door;
  access: Access;
  servedBy: ServedBy;
  summary: string;
  params?: z.ZodObject;
  query?: z.ZodObject;
  body?: z.ZodType;
  /** Success status and the shape of its body. */
  status: number;
  answer?: z.ZodType;
  /** The answer is text of this media type, and its schema a string's. Absent: JSON. */
  contentType?: string;
  /** The body is a secret, and meant to be one. Everywhere else a body with a secret in it is refused. */
  takesSecrets?: boolean;
  /** Also takes a service token as it is, for programs that cannot trade it for a session: it reads, and changes nothing. */
  takesServiceToken?: boolean;
  /** Answers with an ETag, and 304 to who has it. */
  etag?: boolean;
  /** Mutations that take an `Idempotency-Key`. */
  idempotent?: boolean;
  /**
   * Also takes the empty form of a page of our own, as a browser sends it to another origin without asking first. Its
   * answer is where the browser goes next (303).
   */
  forms?: boolean;
}

/** One definition for the API that serves it, the OpenAPI document, and the typed client. */
export function defineRoute<const R extends Route>(route: R): R {
  return route;
}

/** The query of every list. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(2000).optional(),
};
export function pageOf<T extends z.ZodType>(item: T) {
  return z.strictObject({ items: z.array(item), cursor: z.string().optional() });
}
