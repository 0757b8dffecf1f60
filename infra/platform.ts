import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Statement } from "@steward/contracts/policy";

/** The doors to what SST puts into the world beside its components: everything else here takes it from this file. */

export type Input<T> = $util.Input<T>;
export type Output<T> = $util.Output<T>;

/** As SST calls it: `deploy`, `diff`, `dev`, `refresh`, `remove`. */
export function command(): string {
  return $cli.command;
}

/** Whether the functions run on the developer's machine. */
export function isLive(): boolean {
  return $dev;
}

export function stageName(): string {
  return $app.stage;
}

/** Where the repository is. What is put together for a deploy runs elsewhere. */
export function repository(): string {
  return $cli.paths.root;
}

/** The text of a file of the repository, or undefined where there is none. */
export function fileText(path: string): string | undefined {
  try {
    return readFileSync(join(repository(), path), "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Whose account this is, and in which AWS: `aws`, `aws-cn`, … */
export interface Account {
  account: string;
  partition: string;
}

export async function readAccount(): Promise<Account> {
  const [{ accountId }, { partition }] = await Promise.all([aws.getCallerIdentity(), aws.getPartition()]);
  return { account: accountId, partition };
}

/** Statements as a function's permissions. */
export function permissionsOf(statements: readonly Statement[]) {
  return statements.map(({ actions, resources, conditions = {} }) => ({
    actions,
    resources,
    conditions: Object.entries(conditions).flatMap(([test, variables]) =>
      Object.entries(variables).map(([variable, value]) => ({ test, variable, values: [value].flat() })),
    ),
  }));
}

/** `note-transitions` as SST names components: `NoteTransitions`. */
export function componentName(...parts: string[]): string {
  return parts
    .flatMap((part) => part.split(/[^a-z0-9]+/i))
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}

/** One value for each name. */
export function perName<K extends string, V>(names: readonly K[], value: (name: K, index: number) => V): Record<K, V> {
  return Object.fromEntries(names.map((name, index) => [name, value(name, index)])) as Record<K, V>;
}
