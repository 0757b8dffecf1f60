import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { AppError } from "@steward/contracts/errors";
import { z } from "zod";

const port = z.coerce.number({ error: "a port number" }).int().min(1).max(65_535);
const schema = z.object({
  appliances: z.coerce.number({ error: "a number" }).int().min(0).max(500).default(25),
  "state-dir": z.string().min(1).default(".steward"),
  "sandbox-dir": z.string().min(1).default(".sandbox"),
  "api-port": port.default(4400),
  "nodes-port": port.default(4443),
  "cloud-port": port.default(4566),
  executor: z.enum(["auto", "ansible", "simulate"]).default("auto"),
  fleet: z.boolean().default(true),
  worker: z.boolean().default(true),
  quiet: z.boolean().default(false),
  help: z.boolean().default(false),
});
export type StartOptions = z.infer<typeof schema>;

export const usage = `npm start -- [options]

  --appliances <n>     appliances of the demo fleet (25)
  --no-fleet           none at all
  --no-worker          no worker: only the matcher and Claude plan
  --executor <kind>    auto, ansible (needs npm run sandbox, and root) or simulate
  --state-dir <dir>    where everything is kept (.steward)
  --sandbox-dir <dir>  where npm run sandbox has put its root (.sandbox)
  --api-port <n>       people, CLI and dashboard (4400)
  --nodes-port <n>     appliances and workers (4443)
  --cloud-port <n>     the stand-in for AWS (4566)
  --quiet              say only what is wrong
`;

/** The command line as options, or an error that names every mistake. */
export function parseOptions(args: readonly string[], workingDirectory: string): StartOptions {
  let values: Record<string, unknown>;
  try {
    ({ values } = parseArgs({
      args: [...args],
      allowNegative: true,
      options: {
        appliances: { type: "string" },
        "state-dir": { type: "string" },
        "sandbox-dir": { type: "string" },
        "api-port": { type: "string" },
        "nodes-port": { type: "string" },
        "cloud-port": { type: "string" },
        executor: { type: "string" },
        fleet: { type: "boolean" },
        worker: { type: "boolean" },
        quiet: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }));
  } catch (cause) {
    throw new AppError("invalid_request", cause instanceof Error ? cause.message : String(cause), {
      cause,
      next: "npm start -- --help lists the options",
    });
  }
  const parsed = schema.safeParse(values);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `--${issue.path.join(".")}: ${issue.message}`);
    throw new AppError("invalid_request", problems.join("; "), { next: "npm start -- --help lists the options" });
  }
  const options = parsed.data;
  return {
    ...options,
    "state-dir": resolve(workingDirectory, options["state-dir"]),
    "sandbox-dir": resolve(workingDirectory, options["sandbox-dir"]),
  };
}
