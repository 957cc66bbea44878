import type { ComponentType } from 'react'
import type { IconName } from './icons.tsx'
import type { ConfirmationReason } from './requests.ts'

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
  /** About the person and no workspace: open to who works in none; a plain page also to who is signed in already. */
  personal?: boolean
  load: () => Promise<{ Page: ComponentType }>
}

export type NavigationEntry = {
  group: string
  label: string
  /** A hook that may know a better word than `label`, such as the workspace's own. */
  useLabel?: () => string | undefined
  to: string
  icon: IconName
  permission?: string
  /** Where one begins who worked in this application last; who worked in none yet begins in the first that is in use. */
  isStart?: boolean
  /** Of a start page: asks the API whether the workspace has something in the application. */
  isInUse?: () => Promise<boolean>
  /** Among those of its group: 0 unless told, and within one number in the order of the modules. */
  place?: number
}

/** How a page that meets rows of any table, such as the audit log, tells of this one's: plain data. */
export type ResourceDescription = {
  /** One row within a sentence: `list`. */
  noun: string
  /**
   * By action. `{who}`, `{columns}` (the changed ones), `{this}` (the row) or a column, which stands for its value or,
   * where that is an id, for what it refers to: `{who} added {contractor_profile_id} to the list {list_id}`.
   */
  sentences?: Readonly<Record<string, string>>
  /** Columns within a sentence, where the name will not do: `is_public` as `visibility`. */
  columns?: Readonly<Record<string, string>>
  /** Columns that tell people nothing, besides ids and times. */
  technical?: readonly string[]
  /** The table whose id a column holds. */
  refers?: Readonly<Record<string, string>>
  /** Where the API has one row, with its `name`: `/contractor-lists/{id}`, and who may ask there. */
  api?: string
  permission?: string
  /** The page about one row: `/lists/$id`. */
  page?: string
}

/** The dialog in which a person confirms that it is still he; its code is fetched when it is first needed. */
export type StepUpDialog = () => Promise<{
  Dialog: ComponentType<{ onDone: (confirmed: boolean) => void; reason: ConfirmationReason }>
}>

/** The bell in the frame of every page; its code is fetched after the page's. */
export type Bell = () => Promise<{ Bell: ComponentType }>

/** What stands above the start page, for whom it concerns; its code is fetched after the page's. */
export type StartCard = { permission: string; load: () => Promise<{ Card: ComponentType }> }

/** What a module's `console/` folder gives to the frame: plain data, collected in `src/main/console.tsx`. */
export type ConsoleModule = {
  name: string
  routes: readonly ConsoleRoute[]
  navigation: readonly NavigationEntry[]
  /** By `schema.table`. */
  resources?: Readonly<Record<string, ResourceDescription>>
  /** One module has this. */
  stepUp?: StepUpDialog
  /** One module has this. */
  bell?: Bell
  /** One module has this. */
  startCard?: StartCard
}
