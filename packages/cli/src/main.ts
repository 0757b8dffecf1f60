import { CommanderError } from "commander";
import { createContext, type GlobalOptions } from "./context.ts";
import { readEnv } from "./env.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import { createProgram } from "./program.ts";
import { plain } from "./text/paint.ts";
import { problemJson, problemText } from "./text/problem.ts";
import { createUi } from "./ui.ts";

// `steward tasks ls | head` closes the pipe early: that is an end, not a fault.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(exitCodes.ok);
  throw error;
});

const program = createProgram(async (command, run) => {
  const options = command.optsWithGlobals<GlobalOptions>();
  const ui = createUi({ json: options.json === true });
  try {
    process.exitCode = (await run(createContext(readEnv(), ui, options))) ?? exitCodes.ok;
  } catch (error) {
    if (error instanceof CommanderError) throw error;
    process.exitCode = exitCodeOf(error);
    ui.data(problemJson(error));
    if (!ui.json) ui.hint(problemText(error, process.stderr.isTTY ? ui.paint : plain));
  } finally {
    ui.close();
  }
});

try {
  await program.parseAsync();
} catch (error) {
  // Commander has printed what is wrong (or the help that was asked for).
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
}
