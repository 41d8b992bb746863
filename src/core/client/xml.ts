/** Text for XML: what the format would take for markup is escaped, what it cannot hold (XML 1.0, "Char") is replaced. */
export function xmlText(text: string): string {
  const names: Readonly<Record<string, string>> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos' };
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"']/g, (character) => `&${names[character] ?? ''};`);
}

export const XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>';
