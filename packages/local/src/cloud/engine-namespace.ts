import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { connect } from "node:net";

/**
 * The process beside the database engine. Started inside a network namespace of its own, it is the only one that can
 * reach the engine's port; it opens connections on request and hands each one, as a file descriptor, to the cloud over
 * their private channel. No byte of a request passes through here. It ends with the cloud, and the engine with it.
 *
 * Arguments: the engine's binary, its SQLite file, the port, and `isolated` or `open`.
 */

const [binary, databaseFile, portText, mode] = process.argv.slice(2);
if (binary === undefined || databaseFile === undefined || portText === undefined || process.send === undefined) {
  throw new Error("This is started by the local cloud: run `npm start` instead.");
}
const port = Number(portText);
const startDeadlineMs = 10_000;

export type FromEngine = { kind: "ready" } | { kind: "failed"; reason: string } | { kind: "socket"; id: number };
export type ToEngine = { kind: "connect"; id: number };

let engine: ChildProcess | undefined;
let ending = false;

function end(): void {
  ending = true;
  engine?.kill("SIGTERM");
  // The namespace's first process ends here, and the kernel ends the rest; outside of one the signal does.
  setTimeout(() => {
    engine?.kill("SIGKILL");
    process.exit(0);
  }, 500).unref();
  if (engine === undefined || engine.exitCode !== null) process.exit(0);
}

process.umask(0o077);
process.on("disconnect", end);
process.on("SIGTERM", end);
// Ctrl-C reaches the whole group; the cloud decides when the engine may go.
process.on("SIGINT", () => undefined);

function raiseLoopback(): boolean {
  const tools: [string, string[]][] = [
    ["ip", ["link", "set", "lo", "up"]],
    ["/sbin/ip", ["link", "set", "lo", "up"]],
    ["busybox", ["ip", "link", "set", "lo", "up"]],
    ["ifconfig", ["lo", "up"]],
  ];
  return tools.some(([tool, toolArguments]) => spawnSync(tool, toolArguments, { stdio: "ignore" }).status === 0);
}

function tell(message: FromEngine): void {
  if (process.connected) process.send?.(message);
}

function probe(deadlineMs: number): void {
  const socket = connect({ host: "127.0.0.1", port });
  socket.once("connect", () => {
    socket.destroy();
    tell({ kind: "ready" });
  });
  socket.once("error", () => {
    if (Date.now() > deadlineMs) {
      tell({ kind: "failed", reason: `it did not open its port in ${startDeadlineMs / 1000} s` });
      end();
    } else if (!ending) setTimeout(() => probe(deadlineMs), 5);
  });
}

if (mode === "isolated" && !raiseLoopback()) {
  tell({ kind: "failed", reason: "no tool to raise the loopback interface (ip, busybox or ifconfig)" });
  end();
} else {
  engine = spawn(binary, ["serve", "--host", "127.0.0.1", "--port", String(port), "--db-path", databaseFile], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let complaint = "";
  engine.stderr?.on("data", (data: Buffer) => {
    complaint = (complaint + data.toString("utf8")).slice(-500);
  });
  engine.on("error", (error) => {
    tell({ kind: "failed", reason: error.message });
    process.exit(1);
  });
  engine.on("exit", (code, signal) => {
    if (!ending) tell({ kind: "failed", reason: `it ended (${signal ?? code}): ${complaint.trim()}` });
    process.exit(ending ? 0 : 1);
  });
  probe(Date.now() + startDeadlineMs);
}

process.on("message", (message: ToEngine) => {
  const socket = connect({ host: "127.0.0.1", port });
  socket.setNoDelay(true);
  socket.once("connect", () => {
    const answer: FromEngine = { kind: "socket", id: message.id };
    process.send?.(answer, socket);
  });
  // The cloud gives up on a connection that does not come.
  socket.once("error", () => undefined);
});
