import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { EmptyState, Icon, PageHeader, PageLink, useAddress, usePageTitle, useSession } from '#platform/console'
import classes from './assignments.module.css'
import { DomainChoice, InDomain, inDomain } from './domain-choice.tsx'
import { FileMenu } from './file-transfer.tsx'
import { FirstSteps } from './first-steps.tsx'
import { SearchField, SkillFilter, StateFilter } from './list-filters.tsx'
import { NotActive } from './not-active.tsx'
import { PagedList } from './paged-list.tsx'
import { type PeopleFilters, peopleQuery, readPeopleFilters } from './people.ts'
import { PersonForm } from './person-form.tsx'
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
      <PagedList
        query={query}
        label={capital(participant.plural)}
        noun={participant.plural}
        foot={counted(total, participant)}
        empty={
          isFiltered ? (
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
          )
        }
      >
        {person => <Row key={person.id} person={person} domain={domain} />}
      </PagedList>
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
  return (
    <search className={classes.filters}>
      <SearchField placeholder="Name, e-mail or reference" value={filters.q} onChange={q => change({ q }, true)} />
      <SkillFilter label="Can" domainId={domain.id} value={filters.skill} onChange={skill => change({ skill })} />
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
      <StateFilter value={filters.state} onChange={state => change({ state })} />
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
      {!isActive && <NotActive />}
    </li>
  )
}
