import type { FieldProblem } from "@steward/contracts/errors";

/** What is wrong with the field itself, or with something within it where that has no place of its own. */
export function problemAt(problems: readonly FieldProblem[], path: string): string | undefined {
  return problems.find((problem) => problem.path === path)?.message;
}

/** The problems below a path, as seen from there: what the API says of `steps.0.variables` becomes a form's own. */
export function problemsBelow(problems: readonly FieldProblem[] | undefined, path: string): FieldProblem[] {
  const start = `${path}.`;
  return (problems ?? [])
    .filter((problem) => problem.path.startsWith(start))
    .map((problem) => ({ ...problem, path: problem.path.slice(start.length) }));
}
