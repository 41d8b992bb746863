/**
 * Where the entries of the top-level maps stand in the text, as plain data that is cached along with the parsed state.
 * With it one entry of ten thousand is edited without parsing the rest. Offsets are stored as distances, so that a
 * change of one entry changes one number.
 */
export interface Layout {
  /** What every line of the file ends with. */
  readonly eol: '\n' | '\r\n';
  /** The top-level keys whose value is a regular block map with at least one entry, in the order of the file. */
  readonly sections: readonly SectionLayout[];
}

/** The entries of one top-level map. Comment lines between the entries belong to nobody. */
export interface SectionLayout {
  readonly key: string;
  /** Column of the entries' keys, 0-based. */
  readonly indent: number;
  readonly keys: readonly string[];
  /**
   * Two numbers for each key: the distance from the end of the entry before (in the section before, or else the
   * start of the file) to the start of this entry's first line, and the length of its lines with the last line break.
   */
  readonly spans: readonly number[];
}

/** Offsets of whole lines: from the start of the first to behind the line break of the last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The spans of each section's entries, by absolute offsets, in the order of the layout. */
export function absoluteSpans(layout: Layout): Span[][] {
  let offset = 0;
  return layout.sections.map((section) => {
    const result: Span[] = [];
    for (let index = 0; index < section.spans.length; index += 2) {
      const start = offset + (section.spans[index] ?? 0);
      offset = start + (section.spans[index + 1] ?? 0);
      result.push({ start, end: offset });
    }
    return result;
  });
}

/** What a layout is made from: a section with absolute offsets. */
export interface SectionSpans {
  readonly key: string;
  readonly indent: number;
  readonly keys: readonly string[];
  readonly spans: readonly Span[];
}

/** The reverse of `absoluteSpans`. */
export function layoutFrom(eol: Layout['eol'], sections: readonly SectionSpans[]): Layout {
  let offset = 0;
  return {
    eol,
    sections: sections.map(({ key, indent, keys, spans }) => {
      const distances: number[] = [];
      for (const span of spans) {
        distances.push(span.start - offset, span.end - span.start);
        offset = span.end;
      }
      return { key, indent, keys, spans: distances };
    }),
  };
}
