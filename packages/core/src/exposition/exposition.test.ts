import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expositionOf, type MetricFamily } from "./exposition.ts";

/** Reads the format as its description says, without knowing how it was written. */
function read(text: string): MetricFamily[] {
  const families: { name: string; help: string; samples: { labels: Record<string, string>; value: number }[] }[] = [];
  expect(text === "" || text.endsWith("\n")).toBe(true);
  for (const line of text.split("\n").slice(0, -1)) {
    const help = /^# HELP (\S+) (.*)$/s.exec(line);
    if (help !== null) {
      const [, name = "", said = ""] = help;
      families.push({ name, help: unescape(said), samples: [] });
      continue;
    }
    const family = families.at(-1);
    if (line.startsWith("# TYPE ")) {
      expect(line).toBe(`# TYPE ${family?.name} gauge`);
      continue;
    }
    const [, name, , inner = "", value = ""] = /^([a-zA-Z_:][\w:]*)(\{(.*)\})? (\S+)$/s.exec(line) ?? [];
    expect(name).toBe(family?.name);
    const labels: Record<string, string> = {};
    for (const [, label = "", quoted = ""] of inner.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/gs))
      labels[label] = unescape(quoted);
    family?.samples.push({ labels, value: value === "+Inf" ? Infinity : value === "-Inf" ? -Infinity : Number(value) });
  }
  return families;
}

const unescape = (text: string) => text.replace(/\\(.)/gs, (_, one: string) => (one === "n" ? "\n" : one));

const name = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,12}$/);
const text = fc.oneof(fc.string(), fc.constantFrom('"', "\\", "\n", '\\"', "\\n", '}\n# HELP x "', "ü 🙂"));
const sample = fc.record({
  labels: fc.dictionary(name, text, { maxKeys: 3, noNullPrototype: true }),
  value: fc.double(),
});
const family = fc.record({ name, help: text, samples: fc.array(sample, { minLength: 1, maxLength: 4 }) });
const families = fc.uniqueArray(family, { selector: (one) => one.name, maxLength: 4 });

describe("the text of /metrics", () => {
  it("says what it was given, whatever stands in a label or a help: nobody's text makes a line of its own", () => {
    fc.assert(
      fc.property(families, (given) => {
        const written = expositionOf(given);
        const wanted = given.map((one) => ({
          ...one,
          // Minus nought is nought, as a number is written.
          samples: one.samples.map(({ labels, value }) => ({ labels, value: value === 0 ? 0 : value })),
        }));
        expect(read(written)).toEqual(wanted);
      }),
    );
  });

  it("has nothing to say of a name without lines", () => {
    expect(expositionOf([{ name: "steward_nodes", help: "Nodes", samples: [] }])).toBe("");
  });

  it("is written as Prometheus shows it", () => {
    const samples = [{ labels: { kind: "appliance", health: "offline" }, value: 3 }];
    expect(expositionOf([{ name: "steward_nodes", help: "Machines.", samples }])).toBe(
      '# HELP steward_nodes Machines.\n# TYPE steward_nodes gauge\nsteward_nodes{kind="appliance",health="offline"} 3\n',
    );
  });

  it("takes no name that a scraper would refuse, and none twice", () => {
    const one = { help: "", samples: [{ value: 1 }] };
    expect(() => expositionOf([{ name: "no-name", ...one }])).toThrow(RangeError);
    expect(() => expositionOf([{ name: "a", help: "", samples: [{ labels: { "b-c": "" }, value: 1 }] }])).toThrow(
      RangeError,
    );
    expect(() =>
      expositionOf([
        { name: "a", ...one },
        { name: "a", ...one },
      ]),
    ).toThrow(RangeError);
  });
});
