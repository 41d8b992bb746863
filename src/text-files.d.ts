// What the bundler (scripts/build.mjs) and the tests (vitest.config.ts) put in place of these imports and names.

/** A template for a Postfix file, as text. */
declare module '*.cf' {
  const text: string;
  export default text;
}

/** A template for a file of another daemon, as text. */
declare module '*.conf' {
  const text: string;
  export default text;
}

/** A template for a shell script, as text. */
declare module '*.sh' {
  const text: string;
  export default text;
}

/** A rule for rspamd, as text. */
declare module '*.lua' {
  const text: string;
  export default text;
}

/** A template for a Sieve script, as text. */
declare module '*.sieve' {
  const text: string;
  export default text;
}

/** The version in package.json. */
declare const __EBOXMAIL_VERSION__: string;
