/** A field that two have changed to different things since both read it. */
export type Disputed = { name: string; theirs: unknown; mine: unknown }

/**
 * What becomes of a form when somebody else has saved meanwhile: what only one of the two has changed counts, and what both
 * have is disputed; there `values` has mine.
 */
export function merge<Fields extends object>(base: Fields, theirs: Fields, mine: Fields) {
  const names = Object.keys(mine) as (keyof Fields & string)[]
  const disputed = names
    .filter(name => !isSame(mine[name], base[name]) && !isSame(theirs[name], base[name]))
    .filter(name => !isSame(mine[name], theirs[name]))
    .map((name): Disputed => ({ name, theirs: theirs[name], mine: mine[name] }))
  const values = { ...mine }
  for (const name of names) if (isSame(mine[name], base[name])) values[name] = theirs[name]
  return { values, disputed }
}

/** What of `after` is other than it was. */
export function changesOf<Fields extends object>(before: Fields, after: Fields): Partial<Fields> {
  const was: Partial<Record<string, unknown>> = { ...before }
  return Object.fromEntries(
    Object.entries(after).filter(([name, value]) => !isSame(was[name], value)),
  ) as Partial<Fields>
}

const isSame = (one: unknown, other: unknown) => JSON.stringify(one ?? null) === JSON.stringify(other ?? null)
