import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { AppError } from "@steward/contracts/errors";

const run = promisify(execFile);

export interface AptSettings {
  codename: string;
  /** The archive that the running release itself comes from. */
  uri: string;
  components: string[];
  keyring: string | undefined;
  /** Lines for sources.list: the release, its updates and its security fixes, as this machine has them. */
  sources: string[];
  /** Lines for apt.conf: proxies, time-outs and whatever else this machine fetches with. */
  configuration: string[];
  /** Files that the two name (keyrings, CA bundles), absolute. */
  files: string[];
}

/**
 * Asks apt itself, so that mirrors, proxies and deb822 files are understood as apt understands them. On a machine whose
 * package lists are empty, as in many images, they are fetched first: they say whose archive is whose.
 */
export async function readAptSettings(machine: { id: string; codename: string }): Promise<AptSettings> {
  const format = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)|$(SIGNED_BY)";
  const indexTargets = async () =>
    (await run("apt-get", ["indextargets", "--format", format, "Created-By: Packages"])).stdout;
  const { stdout: dump } = await run("apt-config", ["dump"]);
  let targets = await indexTargets();
  if (!targets.toLowerCase().includes(`|${machine.id}|`)) {
    await run("apt-get", ["-q", "update"], { maxBuffer: 16 * 1024 * 1024 });
    targets = await indexTargets();
  }
  return aptSettingsOf(machine, targets, dump);
}

/** `targets` is one line `uri|release|component|origin|keyring` each; `dump` is what `apt-config dump` prints. */
export function aptSettingsOf(machine: { id: string; codename: string }, targets: string, dump: string): AptSettings {
  const lines = targets
    .split("\n")
    .map((line) => line.split("|"))
    .map(([uri = "", release = "", component = "", origin = "", signedBy = ""]) => ({
      uri: uri.replace(/\/$/, ""),
      release,
      component,
      origin: origin.toLowerCase(),
      // Old releases of apt do not know the word and print it back.
      keyring: signedBy.startsWith("/") && existsSync(signedBy) ? signedBy : undefined,
    }))
    .filter(({ origin, release }) => origin === machine.id && release.split(/[-/]/)[0] === machine.codename);
  const base = lines.filter(({ release }) => release === machine.codename);
  const [first] = base;
  if (first === undefined) {
    throw new AppError("unavailable", `apt on this machine knows no archive of ${machine.codename}.`, {
      next: "Run: apt-get update",
    });
  }
  // Extra suites may be signed and mirrored differently; backports and proposals would change versions under us.
  const wanted = lines.filter(({ release }) => /^[a-z]+(?:-updates|-security|\/updates)?$/.test(release));
  const configuration = dump
    .split("\n")
    .filter((line) => /^(?:Acquire::(?:http|https|Retries|ForceIPv[46])|Acquire::.*::Proxy)/.test(line));
  const files = [
    ...wanted.flatMap(({ keyring }) => keyring ?? []),
    ...configuration.flatMap((line) => /"(\/[^"]+)"/.exec(line)?.[1] ?? []),
    ...(wanted.some(({ uri }) => uri.startsWith("https:")) ? ["/etc/ssl/certs/ca-certificates.crt"] : []),
  ];
  return {
    codename: machine.codename,
    uri: first.uri,
    components: [...new Set(base.filter(({ uri }) => uri === first.uri).map(({ component }) => component))].filter(
      (component) => component === "main" || component === "universe",
    ),
    keyring: first.keyring,
    sources: [
      ...new Set(
        wanted.map(({ uri, release, component, keyring }) => {
          const options = keyring === undefined ? "" : ` [signed-by=${keyring}]`;
          return `deb${options} ${uri} ${release} ${component}`;
        }),
      ),
    ],
    configuration,
    files: [...new Set(files)].filter((file) => existsSync(file)),
  };
}
