import { createHash } from "node:crypto";
import { seeded } from "./seeded.ts";

/*
 * A language model made on the spot: the architecture of Llama with one layer of 64 dimensions, a vocabulary of bytes, and
 * random weights. What it says is gibberish, and that is its use: whatever believes a model must not believe this one.
 * The format is GGUF 3, https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */

const dimensions = 64;
const hidden = 128;
const heads = 2;
const contextLength = 4_096;
const alignment = 32;

type Value =
  | { u32: number }
  | { f32: number }
  | { text: string }
  | { texts: string[] }
  | { f32s: number[] }
  | { i32s: number[] };

/** The same seed gives the same bytes: about 200 KB. */
export function tinyModel(seed: number): { bytes: Buffer; sha256: string } {
  const numbers = seeded(seed);
  const random = () => numbers.next();
  const tokens = ["<unk>", "<s>", "</s>", ...Array.from({ length: 256 }, (_, byte) => `<0x${hex(byte)}>`)];
  // 2: unknown, 3: control, 6: a byte.
  const types = tokens.map((_, index) => (index === 0 ? 2 : index < 3 ? 3 : 6));
  const values: [string, Value][] = [
    ["general.architecture", { text: "llama" }],
    ["general.name", { text: "steward-tiny" }],
    ["general.file_type", { u32: 0 }],
    ["llama.context_length", { u32: contextLength }],
    ["llama.embedding_length", { u32: dimensions }],
    ["llama.block_count", { u32: 1 }],
    ["llama.feed_forward_length", { u32: hidden }],
    ["llama.attention.head_count", { u32: heads }],
    ["llama.attention.head_count_kv", { u32: heads }],
    ["llama.attention.layer_norm_rms_epsilon", { f32: 1e-5 }],
    ["llama.rope.dimension_count", { u32: dimensions / heads }],
    ["llama.vocab_size", { u32: tokens.length }],
    ["tokenizer.ggml.model", { text: "llama" }],
    ["tokenizer.ggml.tokens", { texts: tokens }],
    ["tokenizer.ggml.scores", { f32s: tokens.map(() => 0) }],
    ["tokenizer.ggml.token_type", { i32s: types }],
    ["tokenizer.ggml.bos_token_id", { u32: 1 }],
    ["tokenizer.ggml.eos_token_id", { u32: 2 }],
    ["tokenizer.ggml.unknown_token_id", { u32: 0 }],
  ];
  const layer = (name: string) => `blk.0.${name}.weight`;
  const tensors: [name: string, shape: number[]][] = [
    ["token_embd.weight", [dimensions, tokens.length]],
    [layer("attn_norm"), [dimensions]],
    ...["attn_q", "attn_k", "attn_v", "attn_output"].map((name): [string, number[]] => [
      layer(name),
      [dimensions, dimensions],
    ]),
    [layer("ffn_norm"), [dimensions]],
    [layer("ffn_gate"), [dimensions, hidden]],
    [layer("ffn_up"), [dimensions, hidden]],
    [layer("ffn_down"), [hidden, dimensions]],
    ["output_norm.weight", [dimensions]],
    ["output.weight", [dimensions, tokens.length]],
  ];
  const parts: Buffer[] = [Buffer.from("GGUF"), u32(3), u64(tensors.length), u64(values.length)];
  for (const [key, value] of values) parts.push(text(key), encode(value));
  const data: Buffer[] = [];
  let offset = 0;
  for (const [name, shape] of tensors) {
    // 0: 32-bit floats.
    parts.push(text(name), u32(shape.length), ...shape.map(u64), u32(0), u64(offset));
    const size = shape.reduce((product, one) => product * one, 1);
    const scale = shape.length === 1 ? undefined : 2 / Math.sqrt(dimensions);
    const weights = Float32Array.from({ length: size }, () => (scale === undefined ? 1 : (random() * 2 - 1) * scale));
    const bytes = padded(Buffer.from(weights.buffer));
    data.push(bytes);
    offset += bytes.length;
  }
  const bytes = Buffer.concat([padded(Buffer.concat(parts)), ...data]);
  return { bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
}

function encode(value: Value): Buffer {
  if ("u32" in value) return Buffer.concat([u32(4), u32(value.u32)]);
  if ("f32" in value) return Buffer.concat([u32(6), f32(value.f32)]);
  if ("text" in value) return Buffer.concat([u32(8), text(value.text)]);
  if ("texts" in value) return list(8, value.texts.map(text));
  if ("f32s" in value) return list(6, value.f32s.map(f32));
  return list(5, value.i32s.map(u32));
}

const list = (type: number, items: Buffer[]) => Buffer.concat([u32(9), u32(type), u64(items.length), ...items]);
const text = (value: string) => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);
const hex = (byte: number) => byte.toString(16).toUpperCase().padStart(2, "0");
const padded = (bytes: Buffer) =>
  Buffer.concat([bytes, Buffer.alloc((alignment - (bytes.length % alignment)) % alignment)]);

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
function f32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}
