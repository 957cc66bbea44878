import {
  Badge,
  Button,
  Group,
  Modal,
  NativeSelect,
  NumberInput,
  Skeleton,
  Stack,
  TagsInput,
  TextInput,
} from '@mantine/core'
import { useForm } from '@mantine/form'
import { useDebouncedCallback } from '@mantine/hooks'
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import {
  EmptyState,
  ErrorState,
  Icon,
  LoadMore,
  PageHeader,
  PageLink,
  Problem,
  Refusal,
  useAddress,
  usePageTitle,
  useSession,
} from '#platform/console'
import classes from './assignments.module.css'
import { DomainChoice, InDomain, inDomain } from './domain-choice.tsx'
import { FileMenu } from './file-transfer.tsx'
import { FirstSteps } from './first-steps.tsx'
import { useSkillNames } from './skill-fields.tsx'
import { placesInWords, skillsInWords, timeInWords } from './target-words.ts'
import { addTarget, readTargetFilters, refreshTargets, type TargetFilters, targetsQuery } from './targets.ts'
import type { Domain, Target } from './wire-types.ts'
import { capital, counted } from './words.ts'

/** What people of a domain are assigned to. */
export function Page() {
  return <InDomain>{domain => <Targets key={domain.id} domain={domain} />}</InDomain>
}

function Targets({ domain }: { domain: Domain }) {
  const { can } = useSession()
  const { target } = domain.words
  const [filters, change] = useAddress(readTargetFilters)
  const [isAdding, setIsAdding] = useState(false)
  const query = useInfiniteQuery(targetsQuery(domain.id, filters))
  const items = query.data?.pages.flatMap(page => page.items) ?? []
  const total = query.data?.pages[0]?.total ?? 0
  usePageTitle(capital(target.plural))
  const add = can('assignments.targets.write') && (
    <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setIsAdding(true)}>
      New {target.singular}
    </Button>
  )
  return (
    <>
      <PageHeader
        title={capital(target.plural)}
        lead={`What ${domain.words.participant.plural} of “${domain.displayName}” are assigned to.`}
        actions={
          <>
            <DomainChoice />
            <FileMenu domain={domain} folder="targets" />
            {add}
          </>
        }
      />
      <FirstSteps domain={domain} />
      <Filters domain={domain} filters={filters} change={change} />
      {query.isPending ? (
        <div role="status" aria-label={`Loading the ${target.plural}`}>
          <Skeleton height={220} />
        </div>
      ) : query.isError && items.length === 0 ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : items.length === 0 ? (
        <div className="panel">
          {filters.q || filters.skill.length > 0 || filters.state ? (
            <EmptyState
              icon="search"
              title={`No such ${target.singular}`}
              action={
                <Button variant="default" onClick={() => change({ q: '', skill: [], state: '' })}>
                  Show all
                </Button>
              }
            >
              None is all that is asked for here.
            </EmptyState>
          ) : (
            <EmptyState icon="target" title={`No ${target.plural} yet`} action={add}>
              Say how many people each needs, when it is, and what one must be able to do.
            </EmptyState>
          )}
        </div>
      ) : (
        <>
          <p className="visually-hidden" role="status">
            {counted(total, target)}
          </p>
          <div className="panel">
            <ul className={classes.rows} aria-label={capital(target.plural)}>
              {items.map(item => (
                <Row key={item.id} target={item} domain={domain} />
              ))}
            </ul>
            <LoadMore query={query} label={`Load more ${target.plural}`}>
              {counted(total, target)}
            </LoadMore>
          </div>
        </>
      )}
      {isAdding && <TargetForm domain={domain} close={() => setIsAdding(false)} />}
    </>
  )
}

type FiltersProps = {
  domain: Domain
  filters: TargetFilters
  change: (change: Partial<TargetFilters>, replace?: boolean) => void
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
        placeholder="Name or reference"
        leftSection={<Icon name="search" size={16} />}
        maxLength={200}
        value={typed}
        onChange={event => {
          setTyped(event.currentTarget.value)
          search(event.currentTarget.value)
        }}
      />
      <TagsInput
        label="Asks for"
        placeholder={filters.skill.length === 0 ? 'Any skill' : ''}
        data={known}
        maxTags={20}
        acceptValueOnBlur
        clearable={false}
        value={[...filters.skill]}
        onChange={skill => change({ skill })}
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

function Row({ target, domain }: { target: Target; domain: Domain }) {
  const { id, name, isActive, mayBeShort } = target
  return (
    <li className={classes.row}>
      <div>
        <PageLink to="/assignments/targets/$id" params={{ id }} search={inDomain(domain)} className={classes.name}>
          {name}
        </PageLink>
        <div className={classes.about}>
          <span>{timeInWords(target)}</span>
          <span>{skillsInWords(target)}</span>
          {mayBeShort && <span>places may stay empty</span>}
        </div>
      </div>
      <Group gap="xs">
        {!isActive && (
          <Badge variant="light" color="gray" tt="none" size="sm">
            Not active
          </Badge>
        )}
        <span className="figures">{placesInWords(target, domain)}</span>
      </Group>
    </li>
  )
}

/** Enters one; what else there is to say of it stands on its page. */
function TargetForm({ domain, close }: { domain: Domain; close: () => void }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const { target, participant } = domain.words
  const form = useForm({
    initialValues: { name: '', requiredCount: 1 },
    validate: { name: value => (value.trim() ? null : 'Give it a name.') },
  })
  const adding = useMutation({
    mutationFn: ({ name, requiredCount }: typeof form.values) =>
      addTarget(domain.id, { name: name.trim(), requiredCount }),
    onSuccess: async ({ id }) => {
      await refreshTargets(client)
      await navigate({ to: `/assignments/targets/${id}`, search: inDomain(domain) as never })
    },
    onError: error => error instanceof Problem && form.setErrors({ ...error.fields }),
  })
  return (
    <Modal opened onClose={close} title={`New ${target.singular}`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={form.onSubmit(values => adding.mutate(values))} noValidate>
        <Stack gap="md">
          <TextInput label="Name" data-autofocus maxLength={200} {...form.getInputProps('name')} />
          <NumberInput
            label={`How many ${participant.plural} it needs`}
            min={1}
            max={10_000}
            allowDecimal={false}
            {...form.getInputProps('requiredCount')}
          />
          <Refusal error={Object.keys(form.errors).length > 0 ? null : adding.error} />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" loading={adding.isPending}>
              Enter
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
