import { Button, Group, Modal, NumberInput, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import {
  EmptyState,
  FormFoot,
  Icon,
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
import { readListFilters, SearchField, SkillFilter, StateFilter } from './list-filters.tsx'
import { NotActive } from './not-active.tsx'
import { PagedList } from './paged-list.tsx'
import { placesInWords, skillsInWords, timeInWords } from './target-words.ts'
import { addTarget, refreshTargets, type TargetFilters, targetsQuery } from './targets.ts'
import type { Domain, Target } from './wire-types.ts'
import { capital, counted } from './words.ts'

/** What people of a domain are assigned to. */
export function Page() {
  return <InDomain>{domain => <Targets key={domain.id} domain={domain} />}</InDomain>
}

function Targets({ domain }: { domain: Domain }) {
  const { can } = useSession()
  const { target } = domain.words
  const [filters, change] = useAddress(readListFilters)
  const [isAdding, setIsAdding] = useState(false)
  const query = useInfiniteQuery(targetsQuery(domain.id, filters))
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
      <PagedList
        query={query}
        label={capital(target.plural)}
        noun={target.plural}
        foot={counted(total, target)}
        empty={
          filters.q || filters.skill.length > 0 || filters.state ? (
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
          )
        }
      >
        {item => <Row key={item.id} target={item} domain={domain} />}
      </PagedList>
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
  return (
    <search className={classes.filters}>
      <SearchField placeholder="Name or reference" value={filters.q} onChange={q => change({ q }, true)} />
      <SkillFilter label="Asks for" domainId={domain.id} value={filters.skill} onChange={skill => change({ skill })} />
      <StateFilter value={filters.state} onChange={state => change({ state })} />
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
        {!isActive && <NotActive />}
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
          <FormFoot close={close} isPending={adding.isPending}>
            Enter
          </FormFoot>
        </Stack>
      </form>
    </Modal>
  )
}
