import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { convertToAttr, convertToNative } from "@aws-sdk/util-dynamodb";
import type { Item } from "./table.ts";

/*
 * Items as the wire has them, for the record that is written and read all the time. What the SDK's `marshall` and
 * `unmarshall` make of the kinds of values that it has, made at a fraction of their cost; whatever else there is, is left to
 * them.
 */

export type WireItem = Record<string, AttributeValue>;

export function toWire(item: Item): WireItem {
  const wire: WireItem = {};
  for (const name of Object.keys(item)) wire[name] = toAttribute(item[name]);
  return wire;
}

export function fromWire(wire: WireItem): Item {
  const item: Item = {};
  for (const name of Object.keys(wire)) {
    const value = wire[name];
    if (value !== undefined) item[name] = fromAttribute(value);
  }
  return item;
}

function toAttribute(value: unknown): AttributeValue {
  if (typeof value === "number" && isExact(value)) return { N: String(value) };
  if (typeof value === "string") return { S: value };
  if (typeof value === "boolean") return { BOOL: value };
  if (value instanceof Uint8Array) return { B: value };
  if (Array.isArray(value)) return { L: value.map(toAttribute) };
  return convertToAttr(value as Parameters<typeof convertToAttr>[0]);
}

function fromAttribute(value: AttributeValue): unknown {
  if (value.N !== undefined) {
    const number = Number(value.N);
    if (isExact(number)) return number;
  }
  if (value.S !== undefined) return value.S;
  if (value.L !== undefined) return value.L.map(fromAttribute);
  if (value.B !== undefined) return value.B;
  if (value.BOOL !== undefined) return value.BOOL;
  return convertToNative(value);
}

/** Beyond, the SDK refuses to write a number, and reads it as a `bigint`. */
function isExact(number: number): boolean {
  return Math.abs(number) <= Number.MAX_SAFE_INTEGER;
}
