import { Alert, Group, Stack, Switch, Text, Textarea, TextInput, Title } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { Icon, PageHeader, useSession } from '#platform/console'
import classes from './assignments.module.css'
import { draftsOf, type FieldDraft, faultOfDrafts, schemaOf } from './definition-fields.ts'
import { changeDefinition, definitionQuery, deleteDefinition, refreshDefinitions } from './definitions.ts'
import { DeletionMenu } from './deletion-menu.tsx'
import { inDomain } from './domain-choice.tsx'
import { EditBar } from './edit-bar.tsx'
import { type Loaded, useEditing } from './editing.ts'
import { Entities } from './entities.tsx'
import { FieldsEditor } from './fields-editor.tsx'
import { InItsDomain } from './in-its-domain.tsx'
import { NotActive } from './not-active.tsx'
import { BackLink, PageTabs } from './resource-page.tsx'
import type { Domain, EntityDefinition } from './wire-types.ts'
import { counted } from './words.ts'

/** A kind of things: its fields, and all that there are of it. */
export function Page() {
  const { id = '' } = useParams({ strict: false })
  return (
    <InItsDomain
      key={id}
      query={definitionQuery(id)}
      what="the kind of things"
      titleOf={({ displayName }) => displayName}
    >
      {(definition, domain) => <Definition definition={definition} domain={domain} />}
    </InItsDomain>
  )
}

function Definition({ definition, domain }: { definition: Loaded<EntityDefinition>; domain: Domain }) {
  const { can } = useSession()
  const client = useQueryClient()
  const { displayName, version, unfitCount, entityCount, isActive } = definition
  return (
    <>
      <BackLink to="/assignments/definitions" search={inDomain(domain)}>
        Kinds of things
      </BackLink>
      <PageHeader
        title={displayName}
        lead={
          <Group gap="md">
            <span>
              {counted(entityCount, { singular: 'entry', plural: 'entries' })}, version {version} of its fields
            </span>
            {!isActive && <NotActive />}
          </Group>
        }
        actions={
          can('assignments.domains.write') && (
            <DeletionMenu
              name={displayName}
              question={`Delete the kind “${displayName}”?`}
              remove={() => deleteDefinition(definition.id)}
              refresh={() => refreshDefinitions(client)}
              next={{ to: '/assignments/definitions', search: inDomain(domain) }}
            >
              Only a kind without entries is deleted. Make any other one inactive.
            </DeletionMenu>
          )
        }
      />
      {unfitCount > 0 && (
        <Alert
          variant="light"
          color="yellow"
          icon={<Icon name="alert" />}
          mb="md"
          title={`${unfitCount} no longer ${unfitCount === 1 ? 'fits' : 'fit'} the fields`}
        >
          They stay as they were entered, and can be read. Each says what is missing or too much.
        </Alert>
      )}
      <PageTabs
        label={`About ${displayName}`}
        tabs={[
          { name: 'entries', title: 'Entries', content: <Entities definition={definition} /> },
          {
            name: 'fields',
            title: 'Fields',
            content: <Fields definition={definition} mayWrite={can('assignments.domains.write')} />,
          },
        ]}
      />
    </>
  )
}

type DefinitionForm = { displayName: string; description: string; isActive: boolean; fields: FieldDraft[] }

const labels: Readonly<Record<keyof DefinitionForm, string>> = {
  displayName: 'Name',
  description: 'Description',
  isActive: 'Active',
  fields: 'Fields',
}

function Fields({ definition, mayWrite }: { definition: Loaded<EntityDefinition>; mayWrite: boolean }) {
  const client = useQueryClient()
  const editing = useEditing<EntityDefinition, DefinitionForm>({
    loaded: definition,
    read: ({ displayName, description, isActive, schema }) => ({
      displayName,
      description: description ?? '',
      isActive,
      fields: draftsOf(schema as never),
    }),
    write: ({ fields, description, ...plain }, base) =>
      changeDefinition(
        definition.id,
        {
          ...plain,
          ...(description !== undefined && { description: description.trim() || null }),
          ...(fields && { schema: schemaOf(fields) }),
        },
        base.etag,
      ),
    reload: () => client.fetchQuery({ ...definitionQuery(definition.id), staleTime: 0 }),
    onSaved: saved => {
      client.setQueryData(definitionQuery(definition.id).queryKey, saved)
      return refreshDefinitions(client)
    },
    fieldOf: { 'assignments.definition_faulty': 'fields' },
    validate: {
      displayName: (value: string) => (value.trim() ? null : 'Give it a name.'),
      fields: faultOfDrafts,
    },
  })
  const { form } = editing
  return (
    <form className={classes.form} onSubmit={editing.submit} noValidate>
      <fieldset disabled={!mayWrite} className={classes.bare}>
        <Stack gap="md">
          <section className={`panel ${classes.section}`} aria-label="Fields">
            <Title order={2}>Fields</Title>
            <Text size="sm" c="dimmed" mb="sm">
              When they change, what was entered stays as it is, and you are told which entries no longer fit.
            </Text>
            <FieldsEditor
              fields={form.values.fields}
              change={fields => form.setFieldValue('fields', fields)}
              error={form.errors.fields}
            />
          </section>
          <section className={`panel ${classes.section}`} aria-label="About it">
            <Stack gap="sm">
              <TextInput label={labels.displayName} maxLength={200} {...form.getInputProps('displayName')} />
              <Textarea
                label={labels.description}
                autosize
                minRows={2}
                maxLength={10_000}
                {...form.getInputProps('description')}
              />
              <Switch label={labels.isActive} {...form.getInputProps('isActive', { type: 'checkbox' })} />
            </Stack>
          </section>
        </Stack>
      </fieldset>
      <EditBar
        editing={editing}
        labels={labels}
        inWords={(name, value) =>
          name === 'fields' ? (value as FieldDraft[]).map(({ title }) => title).join(', ') || 'none' : undefined
        }
      />
    </form>
  )
}
