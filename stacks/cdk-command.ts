import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Commands of the CDK's program that change what is deployed. */
const changing = ["deploy", "destroy", "import", "refactor", "rollback", "watch", "orphan"];

/** How far up to look: between the CDK's program and this one there may be a shell. */
const generations = 4;

/**
 * Which changing command of the CDK's program this process was started for; undefined when for none, or when somebody
 * ran it by hand. The CDK does not tell its app, so the processes above are asked. Where they cannot be, it is `deploy`:
 * the deploy's checks fail closed.
 */
export async function findCdkCommand(parent: number = process.ppid): Promise<string | undefined> {
  let pid = parent;
  for (let generation = 0; generation < generations && pid > 1; generation += 1) {
    const above = await processOf(pid);
    if (above === undefined) return "deploy";
    const call = readCdkCall(above.args);
    if (call !== undefined) return call.changing;
    pid = above.parent;
  }
  return undefined;
}

async function processOf(pid: number): Promise<{ parent: number; args: string } | undefined> {
  try {
    const { stdout } = await promisify(execFile)("ps", ["-ww", "-o", "ppid=,args=", "-p", String(pid)]);
    const [, parent, args] = /^\s*(\d+)\s+(.*)$/s.exec(stdout) ?? [];
    return parent === undefined || args === undefined ? undefined : { parent: Number(parent), args };
  } catch {
    return undefined;
  }
}

/** `node …/.bin/cdk -c stage=prod deploy --all` → `{changing: "deploy"}`; undefined where it is another program. */
export function readCdkCall(args: string): { changing: string | undefined } | undefined {
  const words = args.trim().split(/\s+/);
  const program = words.findIndex((word) => /(^|[\\/])cdk(\.js)?$/.test(word));
  return program === -1 ? undefined : { changing: words.slice(program + 1).find((word) => changing.includes(word)) };
}
