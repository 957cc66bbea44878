import { Icon, isIconName } from '#platform/console'
import type { List } from './lists.ts'

/** The list's own drawing in its own colour. */
export function ListIcon({ list, size = 18 }: { list: Pick<List, 'icon' | 'color' | 'isDefault'>; size?: number }) {
  const name = list.isDefault ? 'star' : isIconName(list.icon) ? list.icon : 'list'
  const own = list.color && `color-mix(in oklab, ${list.color}, white var(--ch-lift))`
  const color = own ?? (list.isDefault ? 'var(--ch-star)' : 'var(--mantine-color-dimmed)')
  return <Icon name={name} size={size} filled={list.isDefault} style={{ color }} />
}
