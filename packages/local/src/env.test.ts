import { expect, it } from "vitest";
import { readLocalEnvironment } from "./env.ts";

it("what is said of OpenTelemetry reaches the functions where a collector is named, and else not at all", () => {
  const said = { OTEL_EXPORTER_OTLP_HEADERS: "api-key=x", OTEL_SERVICE_NAME: "", OTEL_TRACES_SAMPLER: "always_on" };
  expect(readLocalEnvironment(said).openTelemetry).toEqual({});
  expect(readLocalEnvironment({ ...said, OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" }).openTelemetry).toEqual(
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318",
      OTEL_EXPORTER_OTLP_HEADERS: "api-key=x",
      OTEL_TRACES_SAMPLER: "always_on",
    },
  );
  expect(() => readLocalEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: "127.0.0.1:4318" })).toThrow(
    "OTEL_EXPORTER_OTLP_ENDPOINT: an address such as",
  );
});
