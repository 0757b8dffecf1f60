import { spawn } from "node:child_process";
import { describeError } from "./log.ts";

export type ToolOutcome =
  | { kind: "output"; stdout: string }
  | { kind: "absent" }
  | { kind: "timed_out"; afterMs: number }
  /** `stdout`: what it has said all the same, for tools whose exit status tells of what they looked at. Absent: nothing. */
  | { kind: "failed"; detail: string; stdout?: string };

/** Starts a tool of the machine. Never throws. */
export type RunTool = (tool: string, args: readonly string[]) => Promise<ToolOutcome>;

const maxOutputCharacters = 1_000_000;

/**
 * A driver that hangs leaves its tool where no signal reaches it: the caller is answered in time whatever the process
 * does, and the tool is not started again before it has ended, so that hanging ones do not pile up.
 */
export function createRunTool(timeoutMs: number): RunTool {
  const hanging = new Set<string>();
  return async (tool, args) => {
    if (hanging.has(tool)) return { kind: "timed_out", afterMs: timeoutMs };
    return new Promise((resolve) => {
      const child = spawn(tool, args, { stdio: ["ignore", "pipe", "pipe"] });
      let stdout = "";
      let stderr = "";
      const timer = setTimeout(() => {
        // Not spawn's own timeout: of a tool that is not there it goes on ticking, and keeps the process.
        hanging.add(tool);
        child.kill("SIGKILL");
        child.unref();
        child.stdout.destroy();
        child.stderr.destroy();
        resolve({ kind: "timed_out", afterMs: timeoutMs });
      }, timeoutMs);
      const end = (outcome: ToolOutcome) => {
        clearTimeout(timer);
        hanging.delete(tool);
        resolve(outcome);
      };
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        if (stdout.length < maxOutputCharacters) stdout += text;
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        if (stderr.length < maxOutputCharacters) stderr += text;
      });
      child.on("error", (error) =>
        end(
          "code" in error && error.code === "ENOENT"
            ? { kind: "absent" }
            : { kind: "failed", detail: describeError(error) },
        ),
      );
      child.on("close", (code, signal) => {
        if (code === 0) return end({ kind: "output", stdout });
        // nvidia-smi tells of a lost driver on its standard output.
        const said = (stderr.trim() || stdout.trim()).split("\n")[0]?.slice(0, 200) ?? "";
        const detail = said === "" ? `ended with ${code ?? signal}` : said;
        return end({ kind: "failed", detail, ...(stdout === "" ? {} : { stdout }) });
      });
    });
  };
}
