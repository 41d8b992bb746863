import jsQR from 'jsqr';

/** Pixels for each module, and of margin: more than a camera would need. */
const SCALE = 4;

/** What a code in block characters says; a filled half of a character is light. */
export function readQrText(lines: readonly string[]): string | undefined {
  const rows = lines.flatMap((line) => [
    [...line].map((character) => character === '█' || character === '▀'),
    [...line].map((character) => character === '█' || character === '▄'),
  ]);
  const width = Math.max(...rows.map((row) => row.length)) * SCALE;
  const height = rows.length * SCALE;
  const pixels = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const light = rows[Math.floor(y / SCALE)]?.[Math.floor(x / SCALE)] === true;
      pixels.set([...Array<number>(3).fill(light ? 255 : 0), 255], (y * width + x) * 4);
    }
  }
  const read = jsQR as unknown as typeof jsQR.default;
  return read(pixels, width, height)?.data;
}
