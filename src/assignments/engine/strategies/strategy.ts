import type { TSchema } from 'typebox'
import type { PastRound } from '../fairness.ts'
import type { PinnedPair, Plan, Problem } from '../problem.ts'

/** A way to plan a round. Whatever it makes goes through the checker before anybody sees it. */
export interface Strategy {
  readonly name: string
  /** One sentence for the person who chooses. */
  readonly describe: string
  /** An object schema; each property has a default. */
  readonly parameters: TSchema
  plan(problem: Problem, context: PlanContext): Promise<Plan>
}

export interface PlanContext {
  /** Fit the strategy's schema, or are left out. */
  readonly parameters?: Readonly<Record<string, unknown>>
  /** Rounds before this one, the oldest first. */
  readonly history?: readonly PastRound[]
  /** What a search that was cut off had found, and told of as progress: the answer is no worse than it. */
  readonly start?: readonly PinnedPair[]
  /** Told when a better plan or a better bound is known. */
  readonly onProgress?: (progress: Progress) => void
  /** Told each tenth of a second how many milliseconds of a processor the search has taken, by a search in a thread. */
  readonly onEffort?: (cpuMs: number) => void
  /** Ends the search; the best plan so far is the answer. */
  readonly signal?: AbortSignal
  /** Ends the search likewise. An answer that was cut off by time is not the same on every machine. */
  readonly seconds?: number
}

export interface Progress {
  readonly elapsedMs: number
  /** Null until there is a plan. */
  readonly cost: number | null
  readonly lowerBound: number | null
  /** (cost − lowerBound) / |cost|. */
  readonly gap: number | null
  /** The plan that is the best so far: kept while a long search goes on, so that nobody loses it with the program. */
  readonly pairs?: readonly PinnedPair[]
}
