/** A QR code in block characters for a terminal, two rows of it a line, light on dark with its quiet border. */
export async function qrText(text: string): Promise<string> {
  const { renderUnicodeCompact } = await import('uqr');
  return `${renderUnicodeCompact(text, { ecc: 'L', border: 2 })}\n`;
}
