import type { ErrorKind } from '#platform/errors.ts'

/** What the command line ends with; besides these 0 done, 1 a bug, 6 done with rejects, 7 migrations pending. */
export const exitCodeOfKind: Readonly<Record<ErrorKind, number>> = {
  invalid: 2,
  unauthenticated: 3,
  forbidden: 3,
  conflict: 3,
  precondition_failed: 3,
  not_found: 4,
  limited: 5,
  unavailable: 5,
}
