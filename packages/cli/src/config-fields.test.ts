import { describe, expect, it } from "vitest";
import { withFields } from "./config-fields.ts";

describe("the fields of a configuration", () => {
  it("are set one by one, and the others stay", () => {
    const before = { logLevel: "info" as const, watch: { services: ["smbd"], drives: false } };
    const after = withFields(before, [
      "interval=120s",
      "services=nginx, smbd",
      "filesystems=/srv",
      "temperature=70/85",
      "drives=yes",
      "updates=no",
      "doorbell=pull",
    ]);
    expect(after).toEqual({
      logLevel: "info",
      intervalSeconds: 120,
      doorbell: "pull",
      watch: {
        services: ["nginx", "smbd"],
        filesystems: ["/srv"],
        temperature: { warning: 70, critical: 85 },
        drives: true,
        updates: false,
      },
    });
    expect(before.watch.services).toEqual(["smbd"]);
  });

  it("are taken away by nothing behind the sign, down to no configuration at all", () => {
    const all = { intervalSeconds: 60, logLevel: "debug" as const, watch: { services: ["a"], drives: true } };
    expect(withFields(all, ["interval=", "log=", "services=", "drives=", "temperature="])).toEqual({});
  });

  it.each([
    ["nonsense", "sets nothing"],
    ["colour=red", "sets nothing"],
    ["interval=soon", "intervalSeconds"],
    ["interval=5", "intervalSeconds"],
    ["services=../etc", "watch.services.0"],
    ["temperature=90/80", "watch.temperature"],
    ["temperature=70/85/90", "warning/critical"],
    ["temperature=70", "warning/critical"],
    ["temperature=/85", "warning/critical"],
    ["drives=maybe", "drives"],
  ])("that are none are told: %s", (setting, told) => {
    expect(() => withFields({}, [setting])).toThrow(told);
  });
});
