import type { CSSProperties } from 'react'

const paths = {
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM16.2 16.2 20.5 20.5',
  star: 'm12 3.8 2.5 5.2 5.7.8-4.1 4 1 5.7-5.1-2.7-5.1 2.7 1-5.7-4.1-4 5.7-.8Z',
  list: 'M9 6h11M9 12h11M9 18h11M4.5 6h.01M4.5 12h.01M4.5 18h.01',
  folder: 'M3.5 7.5a2 2 0 0 1 2-2h3.6l2 2.4h7.4a2 2 0 0 1 2 2v7.1a2 2 0 0 1-2 2h-13a2 2 0 0 1-2-2Z',
  flag: 'M5.5 20.5v-16M5.5 5c4-2.4 7.5 2 13 0v8.5c-5.5 2-9-2.4-13 0',
  target: 'M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM12 15.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Z',
  bell: 'M6.5 17V11a5.5 5.5 0 0 1 11 0v6l1.5 1.5H5ZM10 20.5h4M12 3.5v2',
  shield: 'M12 3.5 19 6v5.5c0 4.5-3 7.5-7 9-4-1.5-7-4.5-7-9V6Z',
  briefcase: 'M4 8.5h16v10.5H4ZM9 8.5V5.5h6v3M4 13h16',
  bolt: 'M13 3.5 5.5 13.5H11l-1 7 7.5-10H12Z',
  heart: 'M12 19.5C4.5 14.5 3.5 11 3.5 9a4.3 4.3 0 0 1 8.5-1 4.3 4.3 0 0 1 8.5 1c0 2-1 5.5-8.5 10.5Z',
  log: 'M6 3.5h9l4 4v13H6ZM14.5 3.5v4.5H19M9 12.5h7M9 16h5',
  plus: 'M12 5v14M5 12h14',
  check: 'm5 12.5 4.5 4.5L19 7.5',
  close: 'M6 6l12 12M18 6 6 18',
  menu: 'M4 7h16M4 12h16M4 17h16',
  more: 'M5.5 12h.01M12 12h.01M18.5 12h.01',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 2.8v1.9M12 19.3v1.9M2.8 12h1.9M19.3 12h1.9M5.5 5.5l1.3 1.3M17.2 17.2l1.3 1.3M5.5 18.5l1.3-1.3M17.2 6.8l1.3-1.3',
  moon: 'M19.5 14.2A8 8 0 0 1 9.8 4.5a8 8 0 1 0 9.7 9.7Z',
  device: 'M3.5 5h17v11h-17ZM9 20h6M12 16v4',
  phone: 'M7.5 2.8h9v18.4h-9ZM11 18.2h2',
  tablet: 'M5 3h14v18H5ZM11 18h2',
  terminal: 'M3.5 5h17v14h-17ZM7 9.5l3 2.7-3 2.8M12.5 15h4.5',
  chevronDown: 'm7 10 5 5 5-5',
  chevronRight: 'm10 7 5 5-5 5',
  arrowLeft: 'M20 12H4.5M11 5.5 4.5 12l6.5 6.5',
  arrowRight: 'M4 12h15.5M13 5.5l6.5 6.5-6.5 6.5',
  swap: 'M4.5 8.5h14M15 5l3.5 3.5L15 12M19.5 15.5h-14M9 12l-3.5 3.5L9 19',
  undo: 'M8.5 4.5 4.5 8.5l4 4M5 8.5h9a5.7 5.7 0 0 1 0 11.4H9.5',
  pin: 'M9 3.8h6l-1 6.2 3.4 3.6H6.6L10 10ZM12 13.6v6.9',
  selector: 'm8 9.5 4-4 4 4M8 14.5l4 4 4-4',
  signOut: 'M10 4.5H5.5v15H10M15 8l4 4-4 4M19 12H9.5',
  trash: 'M4.5 6.5h15M9.5 6.5V4.5h5v2M6.5 6.5l1 13.5h9l1-13.5',
  pencil: 'M4.5 19.5l1-4L16 5l3 3L8.5 18.5ZM13.5 7.5l3 3',
  globe: 'M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM3.5 12h17M12 3.5c5 5.5 5 11.5 0 17-5-5.5-5-11.5 0-17Z',
  lock: 'M6 10.5h12v9.5H6ZM8.5 10.5V8a3.5 3.5 0 0 1 7 0v2.5',
  filter: 'M4 6.5h16M7 12h10M10 17.5h4',
  alert: 'M12 4 21 19.5H3ZM12 10v4.5M12 17h.01',
  info: 'M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM12 11v5.5M12 8h.01',
  settings:
    'M4 7h9M17 7h3M4 12h3M11 12h9M4 17h9M17 17h3M15 9a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM9 14a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM15 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z',
  building: 'M5 20.5V4h9v16.5M14 9.5h5v11M3.5 20.5h17M8 8h3M8 12h3M8 16h3M16.5 13h.01M16.5 16.5h.01',
  source:
    'M12 9.5c4.4 0 8-1.2 8-2.8S16.4 4 12 4 4 5.2 4 6.7s3.6 2.8 8 2.8ZM4 6.7V17.3C4 18.8 7.6 20 12 20s8-1.2 8-2.7V6.7M4 12c0 1.5 3.6 2.7 8 2.7s8-1.2 8-2.7',
  person: 'M12 11.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4.5 20.5c0-4 3.4-6.5 7.5-6.5s7.5 2.5 7.5 6.5',
  people:
    'M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 19.5c0-3.5 2.9-5.5 6.5-5.5s6.5 2 6.5 5.5M15.5 4.8a3.5 3.5 0 0 1 0 6.4M17 14.3c2.6.5 4.5 2.3 4.5 5.2',
  key: 'M8 15.5a4.5 4.5 0 1 1 4.2-6.1L20.5 9.5v3.5h-2.5v2.5h-3v-2.6l-2.6-.1A4.5 4.5 0 0 1 8 15.5ZM7 11h.01',
  mail: 'M3.5 6h17v12.5h-17ZM4 6.5l8 6.5 8-6.5',
  tree: 'M9 3.5h6v4.5H9ZM3.5 16h6v4.5h-6ZM14.5 16h6v4.5h-6ZM12 8v4M6.5 16v-4h11v4',
  download: 'M12 4v11M7.5 11 12 15.5l4.5-4.5M4.5 19.5h15',
  copy: 'M8.5 8.5h11v11h-11ZM5.5 15.5h-1v-11h11v1',
  chart: 'M4.5 20h15M7 16.5v-5M12 16.5v-11M17 16.5v-8',
  clock: 'M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM12 7.5V12l3 2',
  grip: 'M9 6h.01M9 12h.01M9 18h.01M15 6h.01M15 12h.01M15 18h.01',
  archive: 'M4 4.5h16v4H4ZM5.5 8.5v11h13v-11M10 12.5h4',
  tag: 'M4 4.5h7.5L20 13l-7 7-9-9ZM8 8.5h.01',
  upload: 'M12 15.5V4.5M7.5 9 12 4.5 16.5 9M4.5 19.5h15',
  merge: 'M6 4v4c0 3.5 6 3.5 6 7.5V20M18 4v4c0 3.5-6 3.5-6 7.5M9 17l3 3 3-3',
} as const

export type IconName = keyof typeof paths

/** The icons a list may carry; the name is what is stored. */
export const listIcons = ['list', 'folder', 'flag', 'target', 'shield', 'briefcase', 'bolt', 'heart'] as const

export function isIconName(name: string | null | undefined): name is IconName {
  return !!name && name in paths
}

/** A drawing without meaning of its own: the control around it carries the name. */
export function Icon({ name, size = 18, filled, style }: IconProps) {
  return (
    <svg
      aria-hidden="true"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill={filled ? 'currentColor' : 'none'}
      stroke="currentColor"
      strokeWidth={name === 'more' ? 2.6 : 1.7}
      strokeLinecap="round"
      strokeLinejoin="round"
      style={{ flex: 'none', ...style }}
    >
      <path d={paths[name]} />
    </svg>
  )
}

type IconProps = { name: IconName; size?: number; filled?: boolean; style?: CSSProperties }
