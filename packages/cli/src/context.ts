import type { Command } from "commander";
import { type Connection, connect } from "./connection.ts";
import type { Env } from "./env.ts";
import type { ExitCode } from "./exit-codes.ts";
import type { Ui } from "./ui.ts";

export interface GlobalOptions {
  json?: boolean;
  profile?: string;
  tenant?: string;
  apiUrl?: string;
}

/** What every command gets. */
export interface Context {
  env: Env;
  ui: Ui;
  options: GlobalOptions;
  /**
   * Signed in, for the chosen tenant, or the one that is named here. With `profile`: with that sign-in, whatever token
   * the environment has.
   */
  connect: (by?: { profile?: string; tenant?: string }) => Promise<Connection>;
  nowMs: () => number;
}

/** A command returns its exit code; 0 where it returns nothing. */
export type Run = (context: Context) => Promise<ExitCode | void>;

/** How a command's action gets its context: `main` sets this up, and maps what is thrown to an exit code. */
export type Runner = (command: Command, run: Run) => Promise<void>;

export function createContext(env: Env, ui: Ui, options: GlobalOptions): Context {
  const profile = options.profile ?? env.profile;
  const tenant = options.tenant ?? env.tenant;
  const apiUrl = options.apiUrl ?? env.apiUrl;
  return {
    env,
    ui,
    options: {
      ...options,
      ...(profile === undefined ? {} : { profile }),
      ...(tenant === undefined ? {} : { tenant }),
      ...(apiUrl === undefined ? {} : { apiUrl }),
    },
    connect: (by) =>
      connect({
        profilesFile: env.profilesFile,
        ...(by?.profile === undefined && profile === undefined ? {} : { profile: by?.profile ?? profile }),
        ...(by?.tenant === undefined && tenant === undefined ? {} : { tenant: by?.tenant ?? tenant }),
        ...(apiUrl === undefined ? {} : { apiUrl }),
        ...(env.token === undefined || by?.profile !== undefined ? {} : { token: env.token }),
      }),
    nowMs: () => Date.now(),
  };
}
