import { Badge, Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { EmptyState, FormFoot, Icon, PageHeader, PageLink, Problem, Refusal, useSession } from '#platform/console'
import classes from './assignments.module.css'
import { newField, schemaOf } from './definition-fields.ts'
import { addDefinition, definitionsQuery, refreshDefinitions } from './definitions.ts'
import { DomainChoice, InDomain, inDomain } from './domain-choice.tsx'
import { shortNameOf } from './examples.ts'
import { NotActive } from './not-active.tsx'
import { PagedList } from './paged-list.tsx'
import type { Domain, EntityDefinition } from './wire-types.ts'
import { counted } from './words.ts'

const things = { singular: 'entry', plural: 'entries' }

/** The kinds of things that a domain has besides its people and targets. */
export function Page() {
  return <InDomain>{domain => <Definitions key={domain.id} domain={domain} />}</InDomain>
}

function Definitions({ domain }: { domain: Domain }) {
  const { can } = useSession()
  const [isAdding, setIsAdding] = useState(false)
  const query = useInfiniteQuery(definitionsQuery(domain.id))
  const isEmpty = query.data?.pages[0]?.items.length === 0
  const add = can('assignments.domains.write') && (
    <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setIsAdding(true)}>
      New kind
    </Button>
  )
  return (
    <>
      <PageHeader
        title="Kinds of things"
        lead={`What “${domain.displayName}” knows besides ${domain.words.participant.plural} and ${domain.words.target.plural}: rooms, keys, instruments. Each kind has fields of its own.`}
        actions={
          <>
            <DomainChoice />
            {!isEmpty && add}
          </>
        }
      />
      <PagedList
        query={query}
        label="Kinds of things"
        noun="kinds of things"
        height={160}
        empty={
          <EmptyState icon="tag" title="No kinds of things yet" action={add}>
            Define one with its fields, such as a room with its floor and beds. What is entered of it is checked.
          </EmptyState>
        }
      >
        {definition => <Row key={definition.id} definition={definition} domain={domain} />}
      </PagedList>
      {isAdding && <DefinitionForm domain={domain} close={() => setIsAdding(false)} />}
    </>
  )
}

function Row({ definition, domain }: { definition: EntityDefinition; domain: Domain }) {
  const { id, displayName, schema, entityCount, unfitCount, isActive } = definition
  const names = Object.entries(schema.properties).map(([name, { title }]) => title ?? name)
  return (
    <li className={classes.row}>
      <div>
        <PageLink to="/assignments/definitions/$id" params={{ id }} search={inDomain(domain)} className={classes.name}>
          {displayName}
        </PageLink>
        <div className={classes.about}>
          <span>{counted(entityCount, things)}</span>
          <span>{names.slice(0, 6).join(', ') || 'no fields yet'}</span>
        </div>
      </div>
      <Group gap="xs">
        {unfitCount > 0 && (
          <Badge variant="light" color="yellow" tt="none" size="sm" autoContrast>
            {unfitCount} no longer {unfitCount === 1 ? 'fits' : 'fit'}
          </Badge>
        )}
        {!isActive && <NotActive />}
      </Group>
    </li>
  )
}

/** Makes a kind; its fields are entered on its page. */
function DefinitionForm({ domain, close }: { domain: Domain; close: () => void }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const form = useForm({
    initialValues: { displayName: '' },
    validate: {
      displayName: value => (shortNameOf(value) ? null : 'Give it a name with letters or figures.'),
    },
  })
  const adding = useMutation({
    mutationFn: ({ displayName }: typeof form.values) =>
      addDefinition(domain.id, {
        name: shortNameOf(displayName),
        displayName: displayName.trim(),
        schema: schemaOf([{ ...newField, title: 'Name', isRequired: true, least: 1 }]),
      }),
    onSuccess: async ({ id }) => {
      await refreshDefinitions(client)
      await navigate({ to: `/assignments/definitions/${id}`, search: inDomain(domain) as never })
    },
    onError: error =>
      error instanceof Problem &&
      form.setErrors(
        error.code === 'assignments.definition_name_taken' ? { displayName: error.message } : { ...error.fields },
      ),
  })
  return (
    <Modal opened onClose={close} title="New kind of things" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={form.onSubmit(values => adding.mutate(values))} noValidate>
        <Stack gap="md">
          <TextInput
            label="Name"
            placeholder="Room"
            data-autofocus
            maxLength={200}
            {...form.getInputProps('displayName')}
          />
          <Text size="sm" c="dimmed">
            It begins with one field, “Name”. You add others next.
          </Text>
          <Refusal error={Object.keys(form.errors).length > 0 ? null : adding.error} />
          <FormFoot close={close} isPending={adding.isPending}>
            Make it
          </FormFoot>
        </Stack>
      </form>
    </Modal>
  )
}
