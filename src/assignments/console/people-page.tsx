import { Badge, Button, Group, NativeSelect, Skeleton, TagsInput, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import {
  EmptyState,
  ErrorState,
  Icon,
  LoadMore,
  PageHeader,
  PageLink,
  useAddress,
  usePageTitle,
  useSession,
} from '#platform/console'
import classes from './assignments.module.css'
import { DomainChoice, InDomain, inDomain } from './domain-choice.tsx'
import { FileMenu } from './file-transfer.tsx'
import { FirstSteps } from './first-steps.tsx'
import { type PeopleFilters, peopleQuery, readPeopleFilters } from './people.ts'
import { PersonForm } from './person-form.tsx'
import { useSkillNames } from './skill-fields.tsx'
import { TargetPick } from './target-pick.tsx'
import { describeWeek, weekdayNames, weekdays, weekOf } from './week.ts'
import type { Domain, Participant } from './wire-types.ts'
import { capital, counted } from './words.ts'

/** Who can be assigned in a domain. */
export function Page() {
  return <InDomain>{domain => <People key={domain.id} domain={domain} />}</InDomain>
}

function People({ domain }: { domain: Domain }) {
  const { can } = useSession()
  const mayWrite = can('assignments.participants.write')
  const { participant } = domain.words
  const [filters, change] = useAddress(readPeopleFilters)
  const [isAdding, setIsAdding] = useState(false)
  const query = useInfiniteQuery(peopleQuery(domain.id, filters))
  const items = query.data?.pages.flatMap(page => page.items) ?? []
  const total = query.data?.pages[0]?.total ?? 0
  usePageTitle(capital(participant.plural))
  const isFiltered = Boolean(filters.q || filters.skill.length > 0 || filters.weekday || filters.fits || filters.state)
  const add = mayWrite && (
    <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setIsAdding(true)}>
      New {participant.singular}
    </Button>
  )
  return (
    <>
      <PageHeader
        title={capital(participant.plural)}
        lead={`Who can be assigned in “${domain.displayName}”.`}
        actions={
          <>
            <DomainChoice />
            <FileMenu domain={domain} folder="participants" />
            {add}
          </>
        }
      />
      <FirstSteps domain={domain} />
      <Filters domain={domain} filters={filters} change={change} />
      {query.isPending ? (
        <div role="status" aria-label={`Loading the ${participant.plural}`}>
          <Skeleton height={220} />
        </div>
      ) : query.isError && items.length === 0 ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : items.length === 0 ? (
        <div className="panel">
          {isFiltered ? (
            <EmptyState
              icon="search"
              title={`No such ${participant.singular}`}
              action={
                <Button variant="default" onClick={() => change(noFilters)}>
                  Show all
                </Button>
              }
            >
              Nobody is all that is asked for here.
            </EmptyState>
          ) : (
            <EmptyState icon="people" title={`No ${participant.plural} yet`} action={add}>
              Enter them one by one, or take all of them from a CSV file.
            </EmptyState>
          )}
        </div>
      ) : (
        <>
          <p className="visually-hidden" role="status">
            {counted(total, participant)}
          </p>
          <div className="panel">
            <ul className={classes.rows} aria-label={capital(participant.plural)}>
              {items.map(person => (
                <Row key={person.id} person={person} domain={domain} />
              ))}
            </ul>
            <LoadMore query={query} label={`Load more ${participant.plural}`}>
              {counted(total, participant)}
            </LoadMore>
          </div>
        </>
      )}
      {isAdding && <PersonForm domain={domain} close={() => setIsAdding(false)} />}
    </>
  )
}

const noFilters = { q: '', skill: [], weekday: '', time: '', fits: '', state: '' }

type FiltersProps = {
  domain: Domain
  filters: PeopleFilters
  change: (change: Partial<PeopleFilters>, replace?: boolean) => void
}

function Filters({ domain, filters, change }: FiltersProps) {
  const known = useSkillNames(domain.id)
  const [typed, setTyped] = useState(filters.q)
  const search = useDebouncedCallback((q: string) => change({ q }, true), 250)
  // The back button undoes a search too.
  useEffect(() => setTyped(filters.q), [filters.q])
  return (
    <search className={classes.filters}>
      <TextInput
        data-search
        label="Search"
        placeholder="Name, e-mail or reference"
        leftSection={<Icon name="search" size={16} />}
        maxLength={200}
        value={typed}
        onChange={event => {
          setTyped(event.currentTarget.value)
          search(event.currentTarget.value)
        }}
      />
      <TagsInput
        label="Can"
        placeholder={filters.skill.length === 0 ? 'Any skill' : ''}
        data={known}
        maxTags={20}
        acceptValueOnBlur
        clearable={false}
        value={[...filters.skill]}
        onChange={skill => change({ skill })}
      />
      <NativeSelect
        label="There on"
        value={filters.weekday}
        data={[{ value: '', label: 'Any day' }, ...weekdays.map(day => ({ value: day, label: weekdayNames[day] }))]}
        onChange={event => change({ weekday: event.currentTarget.value, time: '' })}
      />
      {filters.weekday && (
        <TextInput
          type="time"
          label="At"
          value={filters.time.padStart(5, '0').replace('00000', '')}
          onChange={event => change({ time: event.currentTarget.value }, true)}
        />
      )}
      <TargetPick
        label={`Fits the ${domain.words.target.singular}`}
        placeholder={`Any ${domain.words.target.singular}`}
        domain={domain}
        value={filters.fits}
        onChange={fits => change({ fits })}
      />
      <NativeSelect
        label="Show"
        value={filters.state}
        data={[
          { value: '', label: 'Active' },
          { value: 'inactive', label: 'Not active' },
          { value: 'all', label: 'All' },
        ]}
        onChange={event => change({ state: event.currentTarget.value })}
      />
    </search>
  )
}

function Row({ person, domain }: { person: Participant; domain: Domain }) {
  const { id, name, email, skills, skillLevels, availability, isActive } = person
  const shown = skills.slice(0, 6).map(skill => (skillLevels[skill] ? `${skill} (${skillLevels[skill]})` : skill))
  return (
    <li className={classes.row}>
      <div>
        <PageLink to="/assignments/people/$id" params={{ id }} search={inDomain(domain)} className={classes.name}>
          {name}
        </PageLink>
        <div className={classes.about}>
          {email && <span>{email}</span>}
          {shown.length > 0 && (
            <span>
              {shown.join(', ')}
              {skills.length > shown.length && ` and ${skills.length - shown.length} more`}
            </span>
          )}
          <span>{describeWeek(weekOf(availability))}</span>
        </div>
      </div>
      <Group gap="xs">
        {!isActive && (
          <Badge variant="light" color="gray" tt="none" size="sm">
            Not active
          </Badge>
        )}
      </Group>
    </li>
  )
}
