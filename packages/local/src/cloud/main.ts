import { fstatSync } from "node:fs";
import { join } from "node:path";
import { textLine } from "@steward/contracts/log-line";
import { readEnvironment } from "./env.ts";
import { type InvokeMessage, invokedSchema } from "./invoke-message.ts";
import type { InvokeRotation } from "./secret-rotation.ts";
import { startCloud } from "./start-cloud.ts";

/**
 * The local cloud as a process of its own. When it is ready it says so once, as a JSON line on standard output and, if
 * it was started with an IPC channel, as a message: `{"ready":true,"port":4566,"endpoint":"http://127.0.0.1:4566",…}`.
 * It ends when whoever started it does.
 */
async function main(): Promise<void> {
  process.umask(0o077);
  const environment = readEnvironment(process.env);
  const cloud = await startCloud({
    ...environment,
    stateDir: join(environment.stateDir, "cloud"),
    ...(process.send === undefined ? {} : { invokeRotation: createParentInvoker() }),
  });

  let ending = false;
  const end = () => {
    if (ending) return;
    ending = true;
    // Nothing that was acknowledged needs the tidy end, so a hanging one is cut short.
    setTimeout(() => process.exit(0), 3_000).unref();
    cloud.close().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(textLine(`local cloud: ${String(error)}`));
        process.exit(1);
      },
    );
  };
  process.once("SIGTERM", end);
  process.once("SIGINT", end);
  endWithParent(end);

  const ready = { ready: true, port: cloud.port, endpoint: cloud.endpoint, engineIsolated: cloud.engineIsolated };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  process.send?.(ready);
}

/** Functions run in another process: whoever started both passes the events on, and what came of them. */
function createParentInvoker(): InvokeRotation {
  const waiting = new Map<string, (error: string | undefined) => void>();
  process.on("message", (message: unknown) => {
    const reply = invokedSchema.safeParse(message);
    if (!reply.success) return;
    waiting.get(reply.data.invoked)?.(reply.data.error);
    waiting.delete(reply.data.invoked);
  });
  return async (functionArn, rotation) => {
    const id = crypto.randomUUID();
    const error = await new Promise<string | undefined>((resolve) => {
      waiting.set(id, resolve);
      // Whoever does not answer may have died: the step is tried again.
      setTimeout(() => {
        if (waiting.delete(id)) resolve("no answer within a minute");
      }, 60_000).unref();
      process.send?.({ event: "invoke", id, functionArn, rotation } satisfies InvokeMessage);
    });
    if (error !== undefined) throw new Error(error);
  };
}

/** The parent's end of a pipe or channel closes when it dies, however it dies. */
function endWithParent(end: () => void): void {
  if (process.connected) {
    process.once("disconnect", end);
    return;
  }
  const input = fstatSync(0);
  // A terminal has Ctrl-C, and /dev/null is at its end from the start.
  if (!input.isFIFO() && !input.isSocket()) return;
  process.stdin.once("end", end);
  process.stdin.once("error", end);
  process.stdin.resume();
}

main().catch((error: unknown) => {
  process.stderr.write(textLine(`local cloud: ${error instanceof Error ? error.message : String(error)}`));
  process.exit(1);
});
