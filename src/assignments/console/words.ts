import type { Words } from './wire-types.ts'

export type Word = Words['participant']

/** What things are called where there is no domain yet, or several. */
export const plainWords: Words = {
  participant: { singular: 'participant', plural: 'participants' },
  target: { singular: 'target', plural: 'targets' },
  assignment: { singular: 'assignment', plural: 'assignments' },
}

/** At the beginning of a sentence, a heading or a label: `house-mates` as `House-mates`. */
export const capital = (text: string): string => text.charAt(0).toLocaleUpperCase('en') + text.slice(1)

/** `1 chore`, `12 chores`. */
export const counted = (count: number, { singular, plural }: Word): string =>
  `${new Intl.NumberFormat('en').format(count)} ${count === 1 ? singular : plural}`
