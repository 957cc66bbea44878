import type { Migration } from './migration-files.ts'

/** From so many on each is not told by itself where that is not asked for. */
const many = 10
const everyMs = 5_000

export type MigrationProgress = {
  done(migration: Migration, milliseconds: number): void
  /** All are applied, by whomever. */
  end(): void
}

/** A line for each migration; with `isBrief` of many one now and then, and one at the end. */
export function migrationProgress(log: (line: string) => void, of: number, isBrief = false): MigrationProgress {
  if (!isBrief || of < many) {
    return { done: ({ name }, milliseconds) => log(`${name} applied in ${Math.round(milliseconds)} ms`), end() {} }
  }
  const began = performance.now()
  let told = began
  let applied = 0
  log(`Bringing the database up to date: ${of} migrations`)
  return {
    done() {
      applied++
      if (performance.now() - told < everyMs) return
      told = performance.now()
      log(`${applied} of ${of} migrations applied`)
    },
    end() {
      log(`${applied} migrations applied in ${((performance.now() - began) / 1_000).toFixed(1)} s`)
    },
  }
}
