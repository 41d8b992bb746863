/** Makes each answer once. */
export function memoized<Key, Answer extends NonNullable<unknown>>(make: (key: Key) => Answer): (key: Key) => Answer {
  const made = new Map<Key, Answer>();
  return (key) => {
    const found = made.get(key) ?? make(key);
    made.set(key, found);
    return found;
  };
}

/** Makes one answer, when it is asked for. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
