/** An element of a document; `text` is what stands between its tags when no element does. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  text: string;
}

const TOKEN = /<\?[^?]*\?>|<![^>]*>|<(\/?)([A-Za-z][\w.-]*)((?:\s+[\w-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Reads an XML document without comments and CDATA; throws when it is not well-formed. */
export function parseXml(document: string): XmlElement {
  const top: XmlElement = { name: '', attributes: {}, children: [], text: '' };
  const open = [top];
  let end = 0;
  for (const token of document.matchAll(TOKEN)) {
    end = token.index + token[0].length;
    const [, closing, name, attributes = '', empty, text]: readonly (string | undefined)[] = token;
    const current = open.at(-1);
    if (current === undefined) throw new Error('something stands behind the document');
    if (text !== undefined) current.text += plain(text);
    if (name === undefined) continue;
    if (closing === '/') {
      if (current.name !== name) throw new Error(`</${name}> where <${current.name}> is open`);
      open.pop();
      continue;
    }
    const found = [...attributes.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, key = '', value = '']): [string, string] => [
      key,
      plain(value),
    ]);
    const element: XmlElement = { name, attributes: Object.fromEntries(found), children: [], text: '' };
    current.children.push(element);
    if (empty !== '/') open.push(element);
  }
  const [root, ...more] = top.children;
  if (end !== document.length || open.length !== 1 || root === undefined || more.length > 0) {
    throw new Error(`not well-formed at ${end} of ${document.length}`);
  }
  return root;
}

function plain(text: string): string {
  if (/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/.test(text)) throw new Error('a character that XML does not have');
  return text.replace(/&([^;\s]*);?/g, (whole, name: string) => {
    const character = ENTITIES[name];
    if (character === undefined || !whole.endsWith(';')) throw new Error(`the entity ${whole}`);
    return character;
  });
}

/** The elements of this name below an element, at any depth. */
export function elements(element: XmlElement, name: string): XmlElement[] {
  return element.children.flatMap((child) => [...(child.name === name ? [child] : []), ...elements(child, name)]);
}

/** A dictionary of a property list, with its values as texts; `true` and `false` are elements there. */
export function plistDict(dict: XmlElement): Readonly<Record<string, string>> {
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < dict.children.length; at += 2) {
    const [key, value] = [dict.children[at], dict.children[at + 1]];
    if (key?.name !== 'key' || value === undefined) throw new Error('not a dictionary');
    pairs.push([key.text, value.children.length > 0 || value.text === '' ? value.name : value.text]);
  }
  return Object.fromEntries(pairs);
}
