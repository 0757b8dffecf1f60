/** One line of a unified diff: what it is, and what stands in it without its sign. */
export interface DiffLine {
  kind: "added" | "removed" | "same" | "place" | "file";
  text: string;
}

/** A unified diff in lines. Text that is none is shown as it stands. */
export function diffLines(diff: string): DiffLine[] {
  const lines = diff.replaceAll("\r\n", "\n").split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => {
    if (line.startsWith("--- ") || line.startsWith("+++ ")) return { kind: "file", text: line };
    if (line.startsWith("@@")) return { kind: "place", text: line };
    if (line.startsWith("+")) return { kind: "added", text: line.slice(1) };
    if (line.startsWith("-")) return { kind: "removed", text: line.slice(1) };
    return { kind: "same", text: line.startsWith(" ") ? line.slice(1) : line };
  });
}

export function diffCounts(lines: readonly DiffLine[]): { added: number; removed: number } {
  const count = (kind: DiffLine["kind"]) => lines.filter((line) => line.kind === kind).length;
  return { added: count("added"), removed: count("removed") };
}
