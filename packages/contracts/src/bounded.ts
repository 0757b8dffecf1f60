import { z } from "zod";

/** Fields that the caller names: no more of them than `most`, and the schema says so. */
export function recordUpTo<K extends z.core.$ZodRecordKey, V extends z.core.$ZodType>(most: number, key: K, value: V) {
  return z
    .record(key, value)
    .refine((fields) => Object.keys(fields as object).length <= most, `must have at most ${most} fields`)
    .meta({ maxProperties: most });
}

/** A moment as a caller gives it. The format alone lets a fraction of a second be as long as the body. */
export const momentSchema = z.iso.datetime().max(40);
