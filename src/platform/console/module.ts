import type { ComponentType } from 'react'
import type { IconName } from './icons.tsx'

/** A page of the console; its code is fetched when it is first opened. */
export type ConsoleRoute = {
  /** The address, parameters with a dollar sign: `/lists/$id`. */
  path: string
  /** Stands before the product's name in the window's title. */
  title: string
  /** `shell`: for signed-in people, inside the frame. `plain`: for everybody, alone on the screen. */
  frame: 'shell' | 'plain'
  /** Without it the page says so instead of asking the server for what it would refuse. */
  permission?: string
  /** One page has this: where a person who works in no workspace makes or chooses one. He is led there from the others. */
  withoutWorkspace?: boolean
  load: () => Promise<{ Page: ComponentType }>
}

export type NavigationEntry = { group: string; label: string; to: string; icon: IconName; permission?: string }

/** What a module's `console/` folder gives to the frame: plain data, collected in `src/main/console.tsx`. */
export type ConsoleModule = {
  name: string
  routes: readonly ConsoleRoute[]
  navigation: readonly NavigationEntry[]
}
