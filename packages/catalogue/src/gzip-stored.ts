import { crc32 } from "node:zlib";

const maxBlockBytes = 65_535;

/**
 * A gzip file that is not compressed. What a compressor makes of the same bytes differs between builds of zlib and
 * even between processors; a bundle's name is the hash of its bytes, so they have to be the same everywhere. Bundles
 * are some ten kilobytes, and any gunzip reads this.
 */
export function gzipStored(data: Buffer): Buffer {
  // Magic, deflate, no flags, no time, no extra flags, unknown system.
  const parts: Buffer[] = [Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])];
  for (let start = 0; start === 0 || start < data.length; start += maxBlockBytes) {
    const block = data.subarray(start, start + maxBlockBytes);
    const header = Buffer.alloc(5);
    header.writeUInt8(start + maxBlockBytes >= data.length ? 1 : 0, 0);
    header.writeUInt16LE(block.length, 1);
    header.writeUInt16LE(block.length ^ 0xffff, 3);
    parts.push(header, block);
  }
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(data), 0);
  trailer.writeUInt32LE(data.length % 2 ** 32, 4);
  return Buffer.concat([...parts, trailer]);
}
