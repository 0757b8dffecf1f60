import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fixture } from "../../test/support/fixture.ts";
import { gpusForHeartbeat, probeGpus } from "./probe-gpus.ts";
import type { RunTool, ToolOutcome } from "@steward/node-client/run-tool";

const output = (name: string): ToolOutcome => ({ kind: "output", stdout: fixture(name) });

/** A host with these tools: by tool and first argument, or by tool alone. */
function host(tools: Record<string, ToolOutcome>): RunTool {
  return (tool, args) => Promise.resolve(tools[`${tool} ${args[0]}`] ?? tools[tool] ?? { kind: "absent" });
}
const gpusOf = async (tools: Record<string, ToolOutcome>) => (await probeGpus(host(tools))).gpus;

describe("nvidia-smi", () => {
  it("tells of one GPU: its name, driver, memory and use", async () => {
    expect(await gpusOf({ "nvidia-smi": output("nvidia-smi.rtx-3090.txt") })).toEqual([
      {
        name: "NVIDIA GeForce RTX 3090",
        vendor: "nvidia",
        driver: "610.43.02",
        vramMb: 24_576,
        freeMb: 24_123,
        usedPercent: 0,
        memory: "own",
      },
    ]);
  });

  it("tells of several, in order", async () => {
    const gpus = await gpusOf({ "nvidia-smi": output("nvidia-smi.two-quadro-rtx-4000.txt") });
    expect(gpus.map(({ name, vramMb }) => [name, vramMb])).toEqual([
      ["Quadro RTX 4000", 8192],
      ["Quadro RTX 4000", 8192],
    ]);
  });

  it("has nothing to say of memory that the GPU shares with the host: the host's is taken", async () => {
    const gpus = await gpusOf({ "nvidia-smi": output("nvidia-smi.gb10.txt") });
    expect(gpus).toEqual([
      { name: "NVIDIA GB10", vendor: "nvidia", driver: "580.173.02", usedPercent: 0, memory: "shared" },
    ]);
    expect(gpusForHeartbeat(gpus, () => ({ memoryMb: 124_610, freeMb: 115_787 }))).toEqual([
      { name: "NVIDIA GB10", vramMb: 124_610, freeMb: 115_787, usedPercent: 0 },
    ]);
  });

  it("is asked again without what an old driver does not know, and what it cannot say is left out", async () => {
    const run: RunTool = async (tool, args) => {
      if (tool !== "nvidia-smi") return { kind: "absent" };
      return args[0]?.includes("mig")
        ? { kind: "failed", detail: 'Field "mig.mode.current" is not a valid field to query.' }
        : output("nvidia-smi.k80.txt");
    };
    const { gpus, troubles } = await probeGpus(run);
    expect(gpus).toEqual([{ name: "Tesla K80", vendor: "nvidia", driver: "470.182.03", memory: "own" }]);
    expect(troubles).toEqual([]);
    expect(gpusForHeartbeat(gpus, () => ({ memoryMb: 1, freeMb: 1 }))).toEqual([
      { name: "Tesla K80", vramMb: 0, freeMb: 0 },
    ]);
  });

  it("shows a GPU that is cut into slices as its slices, never as the whole that nobody can use", async () => {
    const gpus = await gpusOf({
      "nvidia-smi -L": output("nvidia-smi-L.mig-a100.txt"),
      "nvidia-smi": output("nvidia-smi.mig-a100.txt"),
    });
    expect(gpus.map(({ name, vramMb, memory }) => [name, vramMb, memory])).toEqual([
      ["NVIDIA A100-SXM4-40GB", 40_960, "own"],
      ["NVIDIA A100-SXM4-40GB MIG 3g.20gb", 19_456, "slice"],
      ["NVIDIA A100-SXM4-40GB", 40_960, "own"],
      ["NVIDIA A100-SXM4-40GB", 40_960, "own"],
    ]);
    // What the driver's own table shows of a 3g.20gb slice.
    expect(gpus[1]?.vramMb).toBeLessThanOrEqual(19_968);
    expect(await gpusOf({ "nvidia-smi": output("nvidia-smi.mig-a100.txt") })).toHaveLength(3);
  });

  it.each([
    ["finds none", { kind: "output", stdout: "No devices were found\n" }, undefined],
    ["is not there", { kind: "absent" }, undefined],
    ["hangs", { kind: "timed_out", afterMs: 5_000 }, "timed_out"],
    [
      "has lost its driver",
      { kind: "failed", detail: "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver." },
      "failed",
    ],
    ["writes something else", { kind: "output", stdout: "<?xml version='1.0'?>" }, "garbled"],
    ["breaks off", { kind: "output", stdout: "NVIDIA A10G, 550.54, 23028, 22" }, "garbled"],
    ["puts words where numbers are", { kind: "output", stdout: "NVIDIA A10G, 550.54, lots, 22, 3" }, "garbled"],
  ] satisfies [string, ToolOutcome, string | undefined][])(
    "that %s means no GPU, said as it is",
    async (_, answer, why) => {
      const { gpus, troubles } = await probeGpus(host({ "nvidia-smi": answer }));
      expect(gpus).toEqual([]);
      expect(troubles.map((trouble) => trouble.why)).toEqual(why === undefined ? [] : [why]);
    },
  );
});

describe("rocm-smi", () => {
  it("tells of one GPU", async () => {
    expect(await gpusOf({ "rocm-smi": output("rocm-smi.rx-7900-xt.txt") })).toEqual([
      { name: "Radeon RX 7900 XT", vendor: "amd", vramMb: 20_464, freeMb: 20_437, usedPercent: 0, memory: "own" },
    ]);
  });

  it("is understood with the keys of older versions", async () => {
    const gpus = await gpusOf({ "rocm-smi": output("rocm-smi.two-mi100-old-keys.txt") });
    expect(gpus).toHaveLength(2);
    expect(gpus[1]).toEqual({
      name: "Arcturus GL-XL [AMD Instinct MI100]",
      vendor: "amd",
      driver: "4.18.0-348.12.2.el8_5.x86_64",
      vramMb: 32_752,
      freeMb: 32_745,
      usedPercent: 0,
      memory: "own",
    });
  });

  it("is understood behind its warnings", async () => {
    const gpus = await gpusOf({ "rocm-smi": output("rocm-smi.rx-6800-and-raphael.txt") });
    expect(gpus.map(({ vramMb }) => vramMb)).toEqual([16_368, 64]);
  });

  it("that is gone is followed by amd-smi, also where that one knows no names", async () => {
    const metric = output("amd-smi-metric.mi300x.txt");
    expect(await gpusOf({ "amd-smi metric": metric })).toMatchObject([
      { name: "AMD GPU", vramMb: 196_592, freeMb: 179_439, usedPercent: 94 },
      { name: "AMD GPU", vramMb: 196_592, freeMb: 196_308, usedPercent: 0 },
    ]);
    const named = { "amd-smi metric": metric, "amd-smi static": output("amd-smi-static.mi350x.txt") };
    expect((await gpusOf(named))[0]).toMatchObject({ name: "AMD Instinct MI350X", driver: "6.18.3" });
  });

  it("that fails is followed by amd-smi, and told of where that one is absent", async () => {
    const failed: ToolOutcome = {
      kind: "failed",
      detail: "ERROR:root:Driver not initialized (amdgpu not found in modules)",
    };
    expect(await gpusOf({ "rocm-smi": failed, "amd-smi metric": output("amd-smi-metric.mi300x.txt") })).toHaveLength(2);
    expect((await probeGpus(host({ "rocm-smi": failed }))).troubles).toMatchObject([
      { tool: "rocm-smi", why: "failed" },
    ]);
  });

  it("is found where ROCm puts it", async () => {
    expect(await gpusOf({ "/opt/rocm/bin/rocm-smi": output("rocm-smi.rx-7900-xt.txt") })).toHaveLength(1);
  });
});

it("whatever a tool writes, the probe answers, and what it answers fits a heartbeat", async () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom(
      "[N/A]",
      "ERR!",
      "NVIDIA A10G",
      "550.54",
      "23028",
      ", ",
      "\n",
      "{",
      "}",
      '"card0"',
      ":",
      "[",
      "]",
      "null",
    ),
    fc.json(),
  );
  const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
  await fc.assert(
    fc.asyncProperty(text, async (stdout) => {
      const { gpus } = await probeGpus(async () => ({ kind: "output", stdout }));
      for (const gpu of gpusForHeartbeat(gpus, () => ({ memoryMb: 8_000, freeMb: 4_000 }))) {
        expect(gpu.name.length).toBeGreaterThan(0);
        expect(Number.isInteger(gpu.vramMb) && Number.isInteger(gpu.freeMb)).toBe(true);
        expect(gpu.freeMb).toBeLessThanOrEqual(gpu.vramMb);
      }
    }),
  );
});
