import { Avatar, Group, Text, Tooltip } from '@mantine/core'
import type { ListUpdates } from './live-updates.ts'

const mostShown = 4

/** Who else has the list open now. */
export function Presence({ people, count }: Pick<ListUpdates, 'people' | 'count'>) {
  const shown = people.slice(0, mostShown)
  return (
    <div role="status" aria-live="polite">
      {count > 0 && (
        <Group gap={8} wrap="nowrap">
          <Avatar.Group spacing="xs" aria-hidden="true">
            {shown.map(({ name, isGuest }) => (
              <Tooltip key={name} label={isGuest ? `${name}, by a link` : name} withArrow>
                <Avatar size={26} radius="xl" color={isGuest ? 'gray' : 'pine'} variant="filled">
                  {initialsOf(name)}
                </Avatar>
              </Tooltip>
            ))}
          </Avatar.Group>
          <Text size="xs" c="dimmed">
            {namesOf(people, count)} here now
          </Text>
        </Group>
      )}
    </div>
  )
}

function namesOf(people: ListUpdates['people'], count: number): string {
  const names = people.slice(0, count > 2 ? 1 : 2).map(({ name }) => name)
  const others = count - names.length
  const all = others > 0 ? [...names, `${others} more`] : names
  return `${all.join(' and ')} ${count === 1 ? 'is' : 'are'}`
}

function initialsOf(name: string): string {
  const words = name.split(/[\s.@_-]+/).filter(Boolean)
  return words
    .slice(0, 2)
    .map(word => word[0]?.toUpperCase())
    .join('')
}
