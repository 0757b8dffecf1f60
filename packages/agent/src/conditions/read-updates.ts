/**
 * How many of the packages that `apt-get --simulate upgrade` would install close a security hole:
 * `Inst libssl3 [3.0.9-1] (3.0.11-1~deb12u2 Debian-Security:12/stable-security [amd64])`.
 */
export function securityUpdates(text: string): number {
  return text.split("\n").filter((line) => /^Inst \S+ .*\([^)]*(?:-security|Security)[^)]*\)/.test(line)).length;
}
