import { z } from "zod";

/** Of the names that OpenTelemetry has, those that are read here; the SDK reads the sampler's and the exporter's others itself. */
const schema = z.object({
  /** Where spans go: `http://127.0.0.1:4318`. `/v1/traces` is added to it, as everywhere. */
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }),
  /** What the traces call this function; its own name unless it is said. */
  OTEL_SERVICE_NAME: z.string().min(1).optional(),
  /** Which of them are told; what it says is the SDK's to read. */
  OTEL_TRACES_SAMPLER: z.string().min(1).optional(),
  /** The secret that holds the collector's key, as `OTEL_EXPORTER_OTLP_HEADERS` would: `api-key=…`. Only on AWS. */
  STEWARD_OTEL_HEADERS_SECRET: z.string().min(1).optional(),
});
export type TracingEnvironment = z.infer<typeof schema>;

/** Throws one error with every problem. */
export function readTracingEnvironment(
  source: Readonly<Record<string, string | undefined>> = process.env,
): TracingEnvironment {
  const parsed = schema.safeParse(source);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `  ${issue.path.join(".")}: ${issue.message}`);
  throw new Error(`What is said of OpenTelemetry is not right:\n${problems.join("\n")}`);
}

/** `api-key=…,x-team=ops`, as `OTEL_EXPORTER_OTLP_HEADERS` has it: what stands behind an `=` may be percent-encoded. */
export function headersIn(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split(",").flatMap((pair) => {
      const at = pair.indexOf("=");
      return at < 1 ? [] : [[pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim())]];
    }),
  );
}
