import { queryOptions, useQuery } from '@tanstack/react-query'
import { request } from './requests.ts'

type Feature = { name: string; isOn: boolean }

const switchesQuery = queryOptions({
  queryKey: ['tenant', 'features'],
  queryFn: ({ signal }) => request<{ items: readonly Feature[] }>('/tenant/features', { signal }),
})

/** Whether the workspace has a feature; undefined until it is known. The server refuses by itself what is off. */
export function useFeature(name: string): boolean | undefined {
  return useQuery(switchesQuery).data?.items.find(feature => feature.name === name)?.isOn
}
