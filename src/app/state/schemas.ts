/** Files that a schema is for. */
export const SCHEMAS = ['state', 'host'] as const;

export type SchemaName = (typeof SCHEMAS)[number];

/** The JSON Schema (2020-12) of a file, as text: for editors, and for whoever generates such files. */
export async function schemaText(name: SchemaName): Promise<string> {
  const { default: schema } =
    name === 'state'
      ? await import('../../../schemas/state.schema.json', { with: { type: 'json' } })
      : await import('../../../schemas/host.schema.json', { with: { type: 'json' } });
  return `${JSON.stringify(schema, null, 2)}\n`;
}
