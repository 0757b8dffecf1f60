import { chmodSync, copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { pins } from "../../stacks/pins.ts";
import { root } from "../run.ts";

/** What runs on other people's machines, each in one file that needs Node 24 and nothing else, by its path below `dist`. */
export const nodeBuilds = {
  "worker/steward-worker.mjs": "packages/worker/src/main.ts",
  "agent/steward-agent.mjs": "packages/agent/src/main.ts",
} as const;

/**
 * Writes the single-file builds of worker and agent below `outDir`. The same sources give the same bytes, so a stack that
 * ships them changes when they do. Names are kept: a stack trace from somebody's rack reads like the source.
 */
export function buildNodes(outDir: string): void {
  for (const [path, entry] of Object.entries(nodeBuilds)) {
    const outfile = join(outDir, path);
    buildSync({
      absWorkingDir: root,
      entryPoints: [entry],
      outfile,
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node24",
      mainFields: ["module", "main"],
      minifySyntax: true,
      minifyWhitespace: true,
      legalComments: "none",
      // CommonJS packages among the dependencies ask for Node's own modules with `require`, which a module does not have.
      banner: {
        js: '#!/usr/bin/env node\nimport { createRequire as nodeRequire } from "node:module"; const require = nodeRequire(import.meta.url);',
      },
      logLevel: "silent",
    });
    chmodSync(outfile, 0o755);
  }
  // What a host of somebody's own needs besides: the unit, and a way to Node.
  for (const program of ["worker", "agent"] as const) {
    const unit = `steward-${program}.service`;
    copyFileSync(join(root, `packages/${program}/systemd/${unit}`), join(outDir, program, unit));
    const script = join(outDir, program, "install.sh");
    writeFileSync(script, installScript(program), { mode: 0o755 });
    chmodSync(script, 0o755);
  }
}

/** Brings the pinned Node where there is none that is new enough, and hands over to the program's own installer. */
function installScript(program: "worker" | "agent"): string {
  return `#!/usr/bin/env bash
# Installs the Steward ${program} on a host of your own: Linux with systemd, x86-64, as root. May be run again.
#   sudo ./install.sh --url https://api.steward.example --token - <token.txt
set -euo pipefail
umask 022
here=$(cd "$(dirname "\${BASH_SOURCE[0]}")" && pwd)
path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

node_is_new_enough() {
  local version
  version=$(PATH=$path /usr/bin/env node --version 2>/dev/null) || return 1
  version=\${version#v}
  ((\${version%%.*} >= 24))
}

if ! node_is_new_enough; then
  [[ $(uname -sm) == 'Linux x86_64' ]] || {
    echo "install.sh: put Node 24 into /usr/local/bin first; it is brought along for Linux on x86-64 only" >&2
    exit 1
  }
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  curl --silent --show-error --fail --location --output "$folder/node.tar.xz" '${pins.node.url}'
  sha256sum --check --status <<<"${pins.node.sha256}  $folder/node.tar.xz" || {
    echo 'install.sh: what came is not the Node that was pinned' >&2
    exit 1
  }
  tar --extract --xz --file "$folder/node.tar.xz" --directory /usr/local --strip-components 1 --no-same-owner \\
    --wildcards '*/bin/node'
  # What the shell becomes next runs no trap.
  rm -rf "$folder"
fi
PATH=$path exec node "$here/steward-${program}.mjs" install "$@"
`;
}
