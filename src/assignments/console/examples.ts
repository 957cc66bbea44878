import type { DomainFields, TargetFields } from './wire-types.ts'

export type Example = {
  label: string
  about: string
  domain: DomainFields
  /** A few things to do, to have something to look at. */
  targets: readonly TargetFields[]
}

const checks = ['capacity_check', 'availability_check', 'skill_matching']
const people = (word: string) => ({ singular: word, plural: `${word}s` })

/** What one can begin from: words, limits and rules as such places have them. */
export const examples: readonly Example[] = [
  {
    label: 'Chores of a house',
    about: 'House-mates take turns at kitchen, bathrooms and bins, week by week.',
    domain: {
      name: 'chores',
      displayName: 'Chores of the house',
      configuration: {
        words: { participant: people('house-mate'), target: people('chore'), assignment: people('rota') },
        strategy: 'optimal',
        constraints: { max_assignments_per_participant: 2 },
        validation_rules: checks,
      },
    },
    targets: [
      { name: 'Kitchen', requiredCount: 2, description: 'Surfaces, floor, fridge', priority: 4 },
      { name: 'Bathrooms', requiredCount: 2 },
      { name: 'Bins', weekday: 'thursday', startsAt: '19:00', endsAt: '20:00', priority: 5 },
      { name: 'Shopping', weekday: 'saturday', startsAt: '10:00', endsAt: '12:00' },
      { name: 'Plants', mayBeShort: true, priority: 1 },
    ],
  },
  {
    label: 'Shifts of a clinic',
    about: 'Colleagues fill early, late and night shifts, with rest between them and the skills that each shift needs.',
    domain: {
      name: 'shifts',
      displayName: 'Shifts of the ward',
      configuration: {
        words: { participant: people('colleague'), target: people('shift'), assignment: people('roster') },
        strategy: 'optimal',
        constraints: { max_hours_per_week: 40, min_rest_hours: 11 },
        validation_rules: checks,
      },
    },
    targets: (['monday', 'tuesday', 'wednesday'] as const).flatMap(weekday => {
      const day = weekday.charAt(0).toUpperCase() + weekday.slice(1)
      const skillMix = [{ skill: 'first aid', minimum: 1 }]
      return [
        {
          ...{ name: `${day} early`, weekday, startsAt: '06:00', endsAt: '14:00' },
          ...{ requiredCount: 2, requiredSkills: ['nursing'], skillMix },
        },
        {
          ...{ name: `${day} late`, weekday, startsAt: '14:00', endsAt: '22:00' },
          ...{ requiredCount: 2, requiredSkills: ['nursing'], skillMix },
        },
        { name: `${day} night`, weekday, startsAt: '22:00', endsAt: '06:00', requiredSkills: ['nursing'] },
      ]
    }),
  },
  {
    label: 'Reviews of a conference',
    about: 'Each paper gets three reviewers who know its subject, and nobody reviews a paper of his own.',
    domain: {
      name: 'reviews',
      displayName: 'Reviews of the conference',
      configuration: {
        words: {
          participant: people('reviewer'),
          target: people('paper'),
          assignment: { singular: 'round of reviews', plural: 'rounds of reviews' },
        },
        strategy: 'optimal',
        constraints: { max_assignments_per_participant: 4 },
        validation_rules: checks,
      },
    },
    targets: [
      { name: 'Indexes that forget', requiredCount: 3, anySkills: ['databases', 'storage'] },
      { name: 'A fairer round robin', requiredCount: 3, anySkills: ['scheduling', 'fairness'] },
      { name: 'Proofs that a phone can check', requiredCount: 3, anySkills: ['verification', 'cryptography'] },
    ],
  },
]

/** A short name from one for people: `Chores of the house` as `chores-of-the-house`. */
export const shortNameOf = (text: string): string =>
  text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 100)
