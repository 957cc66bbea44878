import { Alert, Loader } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { formatCount, Icon, useSession } from '#platform/console'
import { type List, refreshLists, type SearchAddition, searchAdditionsQuery } from './lists.ts'

/** How far the results of one's searches are on their way into the list, and for a while what became of them. */
export function SearchAdditions({ list }: { list: List }) {
  const { can } = useSession()
  const client = useQueryClient()
  const { data } = useQuery({
    ...searchAdditionsQuery(list.id),
    enabled: list.mayEdit && can('contractors.lists.write'),
  })
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set())
  const underWay = data?.items.filter(isUnderWay).length ?? 0
  const items = data?.items.filter(each => isUnderWay(each) || (isRecent(each) && !closed.has(each.id))) ?? []
  // The counts and the items of the list, also where no signal comes from its database.
  const before = useRef(0)
  useEffect(() => {
    if (underWay < before.current) void refreshLists(client)
    before.current = underWay
  }, [underWay, client])
  return (
    <div role="status">
      {items.map(each => (
        <Alert
          key={each.id}
          variant="light"
          mb="sm"
          color={each.status === 'failed' ? 'red' : isUnderWay(each) ? 'gray' : 'pine'}
          icon={isUnderWay(each) ? <Loader size={16} /> : <Icon name={each.status === 'failed' ? 'alert' : 'check'} />}
          title={titles[each.status]}
          withCloseButton={!isUnderWay(each)}
          closeButtonLabel="Close the message"
          onClose={() => setClosed(new Set([...closed, each.id]))}
        >
          {wordsOf(each)}
        </Alert>
      ))}
    </div>
  )
}

const titles: Readonly<Record<SearchAddition['status'], string>> = {
  queued: 'What your search finds is being added',
  running: 'What your search finds is being added',
  done: 'What your search found is in the list',
  failed: 'Not all that your search found could be added',
}

const isUnderWay = ({ status }: SearchAddition) => status === 'queued' || status === 'running'

const minutes = 60_000

/** What has gone well needs no more words after some minutes; what has not stays for as long as the server tells it. */
const isRecent = ({ status, finishedAt }: SearchAddition) =>
  status === 'failed' || (finishedAt !== null && Date.now() - new Date(finishedAt).getTime() < 10 * minutes)

function wordsOf({ status, added, alreadyIn, failure }: SearchAddition): string {
  const there = alreadyIn > 0 ? `, ${formatCount(alreadyIn)} ${alreadyIn === 1 ? 'was' : 'were'} in it already` : ''
  if (status === 'queued') return 'It begins in a moment.'
  return `${failure ? `${failure} ` : ''}${formatCount(added)} added${there}${status === 'running' ? ' so far' : ''}.`
}
