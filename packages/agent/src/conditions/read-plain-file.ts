import { constants } from "node:fs";
import { open, stat } from "node:fs/promises";

/** More than any file of certificates has. */
const maxBytes = 1_000_000;

/**
 * The text of a regular file, where it is one of a usual size; undefined otherwise. Whoever may change a configuration
 * names the file and root opens it: a device may do something when it is opened (a watchdog counts from then on), a pipe
 * holds whoever opens it, and either may never end. So nothing is opened that is not looked at, nor waited for.
 */
export async function readPlainFile(path: string): Promise<string | undefined> {
  const isUsual = (found: { isFile: () => boolean; size: number }) => found.isFile() && found.size <= maxBytes;
  if (!isUsual(await stat(path))) return undefined;
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    // It may be another one by now, and a file of the kernel's says that it has no bytes and has many.
    if (!isUsual(await file.stat())) return undefined;
    const bytes = Buffer.alloc(maxBytes + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length);
      length += bytesRead;
      if (length > maxBytes) return undefined;
      if (bytesRead === 0) return bytes.toString("utf8", 0, length);
    }
  } finally {
    await file.close();
  }
}
