import type { Quoted } from './quote.ts';

/**
 * Fills `{{name}}` in a template. A name without a value and a value without a name are bugs, so both throw. A line that
 * holds nothing but a placeholder disappears when its value is empty.
 */
export function fillTemplate(template: string, values: Readonly<Record<string, Quoted>>): string {
  const unused = new Set(Object.keys(values));
  const valueOf = (name: string): string => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) throw new Error(`the template asks for {{${name}}}, which has no value`);
    unused.delete(name);
    return value;
  };
  // One pass, so that what a value holds is never taken for a placeholder.
  const filled = template.replace(
    /^\{\{([^{}\n]*)\}\}\n|\{\{([^{}\n]*)\}\}/gm,
    (_, alone: string | undefined, inline: string | undefined) => {
      if (alone === undefined) return valueOf(inline ?? '');
      const value = valueOf(alone);
      return value === '' ? '' : `${value}\n`;
    },
  );
  if (unused.size > 0) throw new Error(`the template has no place for ${[...unused].join(', ')}`);
  return filled;
}
