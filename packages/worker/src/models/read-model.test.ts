import { expect, it } from "vitest";
import { fixture } from "../../test/support/fixture.ts";
import { psSchema, readLoaded, readModel, showSchema, type Tag, tagsSchema } from "./read-model.ts";

const show = (name: string) => showSchema.parse(JSON.parse(fixture(name)));
const tags = () => tagsSchema.parse(JSON.parse(fixture("ollama-tags.txt"))).models ?? [];
const tag = (name: string): Tag => ({ ...(tags()[0] as Tag), name });

it("a model's size, quantisation, longest context and KV cache come from Ollama's own words", () => {
  expect(readModel(tag("llama3.2:3b"), show("ollama-show.llama3.2-3b.txt"))).toEqual({
    name: "llama3.2:3b",
    digest: "a80c4f17acd55265feec403c7aef86be0c25983ab279d83f3bcd3abbcb5b8b72",
    weightsMb: 1926,
    quantization: "Q4_K_M",
    parameters: "3.2B",
    maxContext: 131_072,
    // 28 layers × 8 heads × (128 + 128) × 2 bytes: 448 MiB at 4,096 tokens, as Ollama's log says.
    kvBytesPerToken: 114_688,
  });
});

it("an older file says the length of its heads by the way, and a Modelfile may set the context", () => {
  expect(readModel(tag("llama2"), show("ollama-show.llama2.txt"))).toMatchObject({
    maxContext: 4096,
    kvBytesPerToken: 32 * 32 * 256 * 2,
    modelfileContext: 8192,
  });
});

it("heads may differ from layer to layer", () => {
  const info = {
    "general.architecture": "x",
    "x.block_count": 3,
    "x.attention.key_length": 64,
    "x.attention.value_length": 32,
  };
  const model = { model_info: { ...info, "x.attention.head_count_kv": [0, 4, 8] } };
  expect(readModel(tag("x"), model).kvBytesPerToken).toBe(12 * 96 * 2);
});

it.each([[{}], [{ model_info: null }], [{ model_info: { "general.architecture": "x", "x.block_count": "many" } }]])(
  "what it does not say is not made up: %j",
  (answer) => {
    expect(readModel(tag("x"), showSchema.parse(answer))).not.toHaveProperty("kvBytesPerToken");
  },
);

it("what is loaded says how much of it is on the GPU and, since 0.10, the context of a slot", () => {
  const loaded = (name: string) => readLoaded(psSchema.parse(JSON.parse(fixture(name))));
  expect(loaded("ollama-ps.gemma3.txt")).toMatchObject([{ name: "gemma3", sizeMb: 6287, vramMb: 5087, context: 4096 }]);
  expect(loaded("ollama-ps.gemma3-before-0.10.txt")[0]).not.toHaveProperty("context");
  expect(readLoaded(psSchema.parse({ models: null }))).toEqual([]);
});
