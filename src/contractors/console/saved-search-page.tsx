import { Center, Loader } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { useEffect } from 'react'
import { ErrorState } from '#platform/console'
import { addressOf, savedSearchQuery } from './saved-searches.ts'

/** Where alerts lead: on to the search page with what is looked for, what is new marked there. */
export function Page() {
  const { id = '' } = useParams({ strict: false })
  const { data, error, refetch } = useQuery({ ...savedSearchQuery(id), staleTime: 0 })
  const navigate = useNavigate()
  useEffect(() => {
    if (data) void navigate({ to: '/contractors', search: addressOf(data.savedSearch), replace: true })
  }, [data, navigate])
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  return (
    <Center py={80} role="status" aria-label="Opening the saved search">
      <Loader />
    </Center>
  )
}
