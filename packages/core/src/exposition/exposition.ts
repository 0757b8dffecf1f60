/*
 * The text format of Prometheus, version 0.0.4. Forty lines of our own: the libraries that write it keep a registry of
 * counters for the life of a process, and what is told here was counted elsewhere and lives for one answer (decision 42).
 */

/** One line: its labels and what was counted. */
export interface Sample {
  labels?: Readonly<Record<string, string>>;
  value: number;
}

/** The lines of one name. All are gauges: they tell how it is, and nobody here counts from a beginning. */
export interface MetricFamily {
  name: string;
  /** Says what it is, for people. */
  help: string;
  samples: readonly Sample[];
}

const namePattern = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const labelPattern = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** A name that has nothing to tell is left out. Throws `RangeError` for what no scraper would take. */
export function expositionOf(families: readonly MetricFamily[]): string {
  const names = new Set<string>();
  return families
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, help, samples }) => {
      if (!namePattern.test(name) || names.has(name)) throw new RangeError(`${name} is no name, or is there twice`);
      names.add(name);
      const lines = samples.map(({ labels, value }) => `${name}${labelsOf(labels)} ${numberOf(value)}\n`);
      return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} gauge\n${lines.join("")}`;
    })
    .join("");
}

function labelsOf(labels: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(labels).map(([name, value]) => {
    if (!labelPattern.test(name)) throw new RangeError(`${name} is no label`);
    return `${name}="${escapeLabel(value)}"`;
  });
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}

function numberOf(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? "+Inf" : "-Inf";
}
