import picocolors from "picocolors";

/** Colour functions, or ones that do nothing. A parameter everywhere, so that renderers stay pure. */
export type Paint = ReturnType<typeof picocolors.createColors>;

export const plain: Paint = picocolors.createColors(false);

/** `enabled` undefined: as the terminal and NO_COLOR say. */
export function paintFor(stream: { isTTY?: boolean }): Paint {
  return picocolors.createColors(picocolors.isColorSupported && stream.isTTY === true);
}

/** What a table is drawn with. */
export interface Look {
  width: number | undefined;
  paint: Paint;
}
