import { capital } from './words.ts'

const names: Readonly<Record<string, string>> = {
  optimal: 'Best plan',
  balanced_rotation: 'In turns',
  skill_based: 'By skills',
  random_assignment: 'By lot',
}

/** What people call a way of planning; those that modules add by their own name. */
export const strategyName = (name: string): string => names[name] ?? capital(name.replaceAll('_', ' '))
