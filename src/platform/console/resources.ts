import { createContext, useContext } from 'react'
import type { ResourceDescription } from './module.ts'

export type Resources = Readonly<Record<string, ResourceDescription>>

export const ResourcesContext = createContext<Resources>({})

/** What all modules tell of their tables, by `schema.table`. */
export function useResources(): Resources {
  return useContext(ResourcesContext)
}
