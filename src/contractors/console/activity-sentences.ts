import type { Activity } from './share-queries.ts'

const fieldNames: Readonly<Record<string, string>> = {
  name: 'the name',
  description: 'the description',
  isPublic: 'the visibility',
  color: 'the colour',
  icon: 'the icon',
  settings: 'the settings',
  notes: 'the note',
  tags: 'the tags',
  rating: 'the rating',
  priority: 'the priority',
  customData: 'own fields',
  position: 'the order',
}

const permissionWords: Readonly<Record<string, string>> = { view: 'to view', comment: 'to comment', edit: 'to edit' }

/** What happened, as it follows the name of who did it. The contractor stands where `{contractor}` is. */
export function sentenceOf(activity: Activity): string {
  const { action, contractor, count, changed, name, isPublic, permission, sharedWith } = activity
  const who = sharedWith ?? 'somebody'
  const it = contractor ? '{contractor}' : 'a contractor'
  const several = `${count ?? 0} contractors`
  const fields = inWords(changed.map(field => fieldNames[field] ?? field))
  switch (action) {
    case 'list.created':
      return 'made the list'
    case 'list.archived':
      return 'archived the list'
    case 'list.unarchived':
      return 'took the list out of the archive'
    case 'list.updated':
      if (changed.length === 1 && name) return `renamed the list to “${name}”`
      if (changed.length === 1 && isPublic !== null) return isPublic ? 'made the list public' : 'made the list private'
      return `changed ${fields || 'the list'} of the list`.replace('the list of the list', 'the list')
    case 'item.added':
      return `added ${it}`
    case 'item.updated':
      return `changed ${fields || 'something'} of ${it}`
    case 'item.removed':
      return `removed ${it}`
    case 'items.added':
      return `added ${several}`
    case 'items.updated':
      return `changed ${fields || 'something'} of ${several}`
    case 'items.removed':
      return `removed ${several}`
    case 'items.reordered':
      return 'changed the order'
    case 'share.added':
      return `shared the list with ${who} ${permissionWords[permission ?? ''] ?? ''}`.trim()
    case 'share.updated':
      return `changed what ${who} may do: ${permissionWords[permission ?? ''] ?? 'as before'}`
    case 'share.opened':
      return 'opened the list by a link'
    case 'share.removed':
      return `shares the list no longer with ${who}`
    case 'share.left':
      return 'left the list'
    case 'comment.added':
      return contractor ? 'commented on {contractor}' : 'commented on the list'
    case 'comment.edited':
      return 'changed a comment'
    case 'comment.removed':
      return 'removed a comment'
    default:
      return action.replace('.', ' ')
  }
}

function inWords(words: readonly string[]): string {
  if (words.length < 2) return words.join('')
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}
