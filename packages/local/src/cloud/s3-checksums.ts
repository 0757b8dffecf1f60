import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

/** The checksums that S3 takes in `x-amz-checksum-…`, except crc64nvme. */
export const checksumNames = ["crc32", "crc32c", "sha1", "sha256"] as const;
export type ChecksumName = (typeof checksumNames)[number];

export interface RunningChecksum {
  update(data: Buffer): void;
  /** Base64, as on the wire. */
  digest(): string;
}

export function startChecksum(name: ChecksumName): RunningChecksum {
  if (name === "sha1" || name === "sha256") {
    const hash = createHash(name);
    return { update: (data) => void hash.update(data), digest: () => hash.digest("base64") };
  }
  const step = name === "crc32" ? crc32 : crc32c;
  let value = 0;
  return {
    update: (data) => {
      value = step(data, value);
    },
    digest: () => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value >>> 0);
      return bytes.toString("base64");
    },
  };
}

const castagnoli = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value >>> 0;
});

export function crc32c(data: Buffer, start = 0): number {
  let value = ~start;
  for (const byte of data) value = (castagnoli[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8);
  return ~value >>> 0;
}
