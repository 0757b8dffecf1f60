import { expect, test } from "vitest";
import { gpusText, gpuText, modelsText } from "./worker.ts";

const a10 = { name: "NVIDIA A10G", vramMb: 23_028, freeMb: 22_528, usedPercent: 3 };

test("a worker's models are followed by what it still fetches", () => {
  expect(modelsText({ models: ["llama3.2:3b"] })).toBe("llama3.2:3b");
  expect(modelsText({ models: ["llama3.2:3b"], pulling: { model: "llama3.1:8b", percent: 41.9 } })).toBe(
    "llama3.2:3b, pulling llama3.1:8b 41 %",
  );
  expect(modelsText({ pulling: { model: "llama3.1:8b", percent: 41, problem: "disk_full" } })).toBe(
    "llama3.1:8b does not come: the disk is full",
  );
  expect(modelsText({ pulling: { model: "llama3.1:8b", percent: 0, problem: "failing" } })).toContain("fails");
  expect(modelsText({})).toBe("");
});

test("GPUs of one kind are counted in a table and told apart on their own lines", () => {
  expect(gpusText([a10, a10])).toBe("2 × NVIDIA A10G");
  expect(gpusText()).toBe("");
  expect(gpuText(a10)).toBe("NVIDIA A10G, 22.0 of 22.5 GiB free, 3 % busy");
  expect(gpuText({ name: "NVIDIA A100", vramMb: 0, freeMb: 0 })).toBe("NVIDIA A100, memory unknown");
});
