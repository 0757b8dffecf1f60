import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { AppError } from "@steward/contracts/errors";
import { hasErrno } from "./state-files.ts";

/**
 * What systemd gives the service out of its settings file, for a command that somebody types on the host: it must look at the
 * same machine as the service does. What the shell has set wins. A machine without the file has the shell's alone.
 */
export function withSettingsFile(
  path: string,
  shell: Record<string, string | undefined>,
): Record<string, string | undefined> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (hasErrno(error, "ENOENT") || hasErrno(error, "ENOTDIR")) return shell;
    throw notForYou(path, error);
  }
  return { ...parseSettings(text), ...shell };
}

/** A state folder is its service's own: others are told how to look into it. */
export function checkMayRead(stateDir: string): void {
  if (!existsSync(stateDir)) return;
  try {
    accessSync(stateDir, constants.R_OK | constants.X_OK);
  } catch (error) {
    throw notForYou(stateDir, error);
  }
}

function notForYou(path: string, cause: unknown): AppError {
  if (!hasErrno(cause, "EACCES") && !hasErrno(cause, "EPERM")) throw cause;
  return new AppError("forbidden", `${path} is not for this user to read`, {
    cause,
    next: "say the same with sudo",
  });
}

/** As systemd reads an `EnvironmentFile`, but for values of several lines: `NAME=value`, `NAME="value"`, `# comment`. */
export function parseSettings(text: string): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const [, name, raw = ""] = /^\s*([A-Za-z_]\w*)=(.*)$/.exec(line) ?? [];
    if (name === undefined) continue;
    const value = raw.trim();
    const [, doubled] = /^"((?:[^"\\]|\\.)*)"$/.exec(value) ?? [];
    const [, single] = /^'([^']*)'$/.exec(value) ?? [];
    settings[name] = single ?? (doubled ?? value).replace(/\\(.)/g, "$1");
  }
  return settings;
}
