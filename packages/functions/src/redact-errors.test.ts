import { AppError } from "@steward/contracts/errors";
import { expect, it } from "vitest";
import { redactErrors } from "./redact-errors.ts";

const secret = "hunter2-is-no-word";

it("what is thrown keeps its name, its place and what caused it, and loses its secrets", async () => {
  const cause = new Error(`postgres://steward:${secret}@db refused`);
  const handler = redactErrors(async (_event: unknown) => {
    throw new AppError("unavailable", `password=${secret}`, { cause });
  });
  const thrown = await handler({}).then(
    () => undefined,
    (error: unknown) => error as Error,
  );
  expect(thrown).toMatchObject({ name: "AppError", message: "password=[redacted]" });
  expect(thrown?.stack).toContain("redact-errors.test.ts");
  expect(thrown?.stack).toContain("db refused");
  expect(`${thrown?.stack} ${thrown?.message}`).not.toContain(secret);
});

it("what is answered stays as it is", async () => {
  expect(await redactErrors(async (one: number) => one + 1)(1)).toBe(2);
});
