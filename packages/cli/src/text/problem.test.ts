import { AppError } from "@steward/contracts/errors";
import { newTraceId } from "@steward/contracts/trace-context";
import { expect, it } from "vitest";
import { CliError, exitCodes } from "../exit-codes.ts";
import { plain } from "./paint.ts";
import { problemJson, problemText } from "./problem.ts";

const requestId = newTraceId();
const failed = (code: "internal" | "unavailable" | "not_found") => new AppError(code, "no", { details: { requestId } });

it("what is not the caller's fault names the request that whoever runs the installation looks for", () => {
  for (const code of ["internal", "unavailable"] as const) {
    expect(problemText(failed(code), plain)).toContain(`request ${requestId}`);
  }
  // Somebody who only watched: the task may go on.
  const watching = new CliError(exitCodes.unreachable, "no answer", { cause: failed("unavailable") });
  expect(problemText(watching, plain)).toContain(`request ${requestId}`);
  expect(problemText(failed("not_found"), plain)).not.toContain("request");
  // Nothing has arrived anywhere.
  expect(problemText(new AppError("unavailable", "cannot be reached"), plain)).not.toContain("request");
});

it("for programs each error has it, where there is one", () => {
  for (const code of ["internal", "unavailable", "not_found"] as const) {
    expect(problemJson(failed(code))).toMatchObject({ error: { code, requestId } });
  }
  expect(problemJson(new CliError(exitCodes.usage, "no")).error).not.toHaveProperty("requestId");
});
