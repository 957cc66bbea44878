import { Button, Modal } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { ErrorState, Icon, PageHeader, PageLink, useSession } from '#platform/console'
import classes from './assignments.module.css'
import { DomainStart } from './domain-start.tsx'
import { domainsQuery } from './domains.ts'
import { FirstDomain } from './first-domain.tsx'
import { NotActive } from './not-active.tsx'
import { Loading } from './resource-page.tsx'
import type { Domain } from './wire-types.ts'
import { counted } from './words.ts'

/** All in which this workspace assigns people. */
export function Page() {
  const { can } = useSession()
  const [isMaking, setIsMaking] = useState(false)
  const { data, error, refetch } = useQuery(domainsQuery)
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (!data) return <Loading what="the domains" />
  if (data.length === 0) return <FirstDomain />
  return (
    <>
      <PageHeader
        title="Domains"
        lead="What is assigned in one place: its people, what they are assigned to, its words and its rules."
        actions={
          can('assignments.domains.write') && (
            <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setIsMaking(true)}>
              New domain
            </Button>
          )
        }
      />
      <ul className={`panel ${classes.rows}`} aria-label="Domains">
        {data.map(domain => (
          <Row key={domain.id} domain={domain} />
        ))}
      </ul>
      {isMaking && (
        <Modal
          opened
          onClose={() => setIsMaking(false)}
          title="New domain"
          size="lg"
          closeButtonProps={{ 'aria-label': 'Close' }}
        >
          <DomainStart cancel={() => setIsMaking(false)} />
        </Modal>
      )}
    </>
  )
}

function Row({
  domain: { id, displayName, description, words, participantCount, targetCount, version, isActive },
}: RowProps) {
  return (
    <li className={classes.row}>
      <div>
        <PageLink to="/assignments/domains/$id" params={{ id }} className={classes.name}>
          {displayName}
        </PageLink>
        <div className={classes.about}>
          <span>{counted(participantCount, words.participant)}</span>
          <span>{counted(targetCount, words.target)}</span>
          <span>version {version}</span>
          {description && <span>{description}</span>}
        </div>
      </div>
      {!isActive && <NotActive />}
    </li>
  )
}

type RowProps = { domain: Domain }
