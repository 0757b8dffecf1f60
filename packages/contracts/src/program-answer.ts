import { z } from "zod";
import { AppError, type ErrorCode, errorCodes } from "./errors.ts";

/**
 * How a program of the repository answers the CLI that started it: one JSON document on its standard output. The CLI has
 * the terminal and none of the program's code.
 */
const programAnswerSchema = z.union([
  z.strictObject({ result: z.unknown() }),
  z.strictObject({
    problem: z.strictObject({
      code: z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]),
      message: z.string(),
      next: z.string().optional(),
      fields: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
      /** `asks`: what the program must be told to go on. */
      details: z.record(z.string(), z.unknown()).optional(),
    }),
  }),
]);

/** The answer of a program that threw, or did not. */
export async function programAnswer(run: () => Promise<unknown>): Promise<z.input<typeof programAnswerSchema>> {
  try {
    return { result: await run() };
  } catch (error) {
    if (!(error instanceof AppError)) {
      return { problem: { code: "internal", message: error instanceof Error ? error.message : String(error) } };
    }
    const { code, next, fields, details, cause } = error;
    // Whoever runs it sees what AWS said, and not only what it was said about.
    const said = cause instanceof Error && cause.message !== "" ? `: ${cause.message}` : "";
    return { problem: { code, message: `${error.message}${said}`, next, fields, details } };
  }
}

/** The result in what a program printed. Throws its problem; undefined where it printed no answer. */
export function readProgramAnswer(text: string): { result: unknown } | undefined {
  let answer: z.output<typeof programAnswerSchema>;
  try {
    answer = programAnswerSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
  if ("result" in answer) return { result: answer.result };
  const { code, message, next, fields, details } = answer.problem;
  throw new AppError(code, message, {
    ...(next === undefined ? {} : { next }),
    ...(fields === undefined ? {} : { fields }),
    ...(details === undefined ? {} : { details }),
  });
}
