import type { Problem } from './problems.ts'

/**
 * How a family of routes speaks where a standard wants another form than ours: what bodies may be called, and how a
 * refusal is told, the frame's own (401, 404, 429, a body that is no JSON) included.
 *
 * Who speaks so is another product's program, which knows no plan: its requests are not counted against one. A directory
 * that takes a leaver out is never refused because a month's requests are used up.
 */
export type Dialect = {
  /** Below `/api/v1`, where all its routes are: what is asked for there and does not exist is refused in it too. */
  prefix: string
  /** Of every answer with a body. */
  mediaType: string
  /** Media types of JSON bodies that are taken, and the most bytes. */
  takes: readonly [string, ...string[]]
  limit: number
  /** The body of a refusal. */
  refusalOf(problem: Problem): object
}

/** Of some dialects the one in which something at this address is answered, also where nothing is there. */
export function dialectAt(dialects: Iterable<Dialect>, url: string): Dialect | undefined {
  for (const dialect of dialects) if (url.startsWith(`/api/v1${dialect.prefix}/`)) return dialect
  return undefined
}
