const ids = '[A-Z]{2}-\\d{2}(?:(?:, | to )[A-Z]{2}-\\d{2})*'
const leading = new RegExp(`^${ids}: (.)`, 'u')
const aside = new RegExp(` \\(${ids}\\)`, 'g')
const before = new RegExp(`\\(${ids}, `, 'g')

/** A comment of the catalog as people read it: without the ids of requirements, which are for who changes the schema. */
export function plainComment(comment: string | null): string | null {
  return (
    comment
      ?.replace(leading, (_, first: string) => first.toUpperCase())
      .replace(aside, '')
      .replace(before, '(') ?? null
  )
}
