import { access, link, open, rm } from "node:fs/promises";
import { CliError, exitCodes } from "./exit-codes.ts";

/** Where the lines of an export go: stdout, or a new file that only its owner may read and that appears when it is whole. */
export interface LineSink {
  write(lines: readonly unknown[]): Promise<void>;
}

/** Runs `work` with a sink; of a file that was not finished nothing stays. */
export async function withLines<T>(
  to: string | undefined,
  print: (text: string) => Promise<void>,
  work: (sink: LineSink) => Promise<T>,
): Promise<T> {
  const textOf = (lines: readonly unknown[]) => lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  if (to === undefined) return work({ write: (lines) => print(textOf(lines)) });
  const part = `${to}.part`;
  // Never over another file: what is there may be the only copy of an export. Looked at first, so that nobody waits for it.
  const isTaken = await access(to).then(
    () => true,
    () => false,
  );
  if (isTaken) throw taken(to);
  const file = await open(part, "wx", 0o600).catch((cause: unknown) => {
    throw new CliError(exitCodes.failed, `${part} cannot be made`, { cause, next: "Is it there already? Remove it." });
  });
  let result: T;
  try {
    result = await work({ write: (lines) => file.appendFile(textOf(lines)) });
    await file.sync();
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  // Not renamed: that would take the place of whatever has come there meanwhile.
  try {
    await link(part, to);
  } catch (cause) {
    throw taken(to, cause);
  } finally {
    await rm(part, { force: true });
  }
  return result;
}

function taken(to: string, cause?: unknown): CliError {
  return new CliError(exitCodes.failed, `${to} cannot be made`, {
    cause,
    next: "Is it there already? Name another file.",
  });
}
