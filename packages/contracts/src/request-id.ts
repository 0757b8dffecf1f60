import { z } from "zod";
import { isTraceId } from "./trace-context.ts";

// Apart from what reads and writes the header: functions that check no shapes need not load any.

/** A trace id. */
export const traceIdSchema = z.string().refine(isTraceId, "must be 32 lower-case hexadecimal digits, not all zero");

/** A trace id; or what API Gateway numbers requests with, as records from before there were trace ids have it. */
export const requestIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9+/=_-]{1,64}$/, "must look like the id of a request: 32 lower-case hexadecimal digits");
