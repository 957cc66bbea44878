import type { ListField, ListSettings } from './lists.ts'

/** What of an item can be shown beside the contractor's name. */
export const columnNames = {
  value: 'Contract value',
  state: 'State',
  naics: 'Industry',
  notes: 'Notes',
  tags: 'Tags',
  rating: 'Rating',
  priority: 'Priority',
  added: 'Added',
  views: 'Views',
} as const

const usual = ['value', 'state', 'naics', 'notes', 'tags', 'rating', 'priority', 'added']

/** The columns that a list shows; all of its own fields unless it says otherwise. */
export function columnsOf({ columns, fields }: ListSettings): readonly string[] {
  return columns ?? [...usual, ...fields.map(field => `field:${field.id}`)]
}

/** The orders in which a list can be shown, as `by direction`. */
export function sortNames(fields: readonly ListField[]): { value: string; label: string }[] {
  return [
    { value: 'added desc', label: 'Latest addition first' },
    { value: 'added asc', label: 'Earliest addition first' },
    { value: 'manual asc', label: 'By hand' },
    { value: 'name asc', label: 'Name' },
    { value: 'value desc', label: 'Contract value, highest first' },
    { value: 'value asc', label: 'Contract value, lowest first' },
    { value: 'rating desc', label: 'Rating, best first' },
    { value: 'priority desc', label: 'Priority, most urgent first' },
    { value: 'views desc', label: 'Most viewed first' },
    ...fields.map(field => ({
      value: `field:${field.id} ${field.kind === 'number' ? 'desc' : 'asc'}`,
      label: field.name,
    })),
  ]
}
