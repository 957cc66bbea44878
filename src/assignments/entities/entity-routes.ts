import { Type } from 'typebox'
import { idParams, pageOf, pageQuery, route, uuid } from '#platform/http'
import {
  createDefinition,
  DefinitionChanges,
  DefinitionFields,
  deleteDefinition,
  EntityDefinition,
  getDefinition,
  listDefinitions,
  updateDefinition,
} from './definitions.ts'
import { createEntity, deleteEntity, Entity, EntityData, getEntity, listEntities, updateEntity } from './entities.ts'

const read = 'assignments.domains.read'
const define = 'assignments.domains.write'
const write = 'assignments.targets.write'

export const entityRoutes = [
  route({
    method: 'GET',
    path: '/entity-definitions',
    allow: read,
    summary: 'List the kinds of things that domains have',
    query: Type.Object({ ...pageQuery, domainId: Type.Optional(uuid) }),
    response: pageOf(EntityDefinition),
    handle: ({ query, scope }, app) => listDefinitions(app.db.reads(scope), query),
  }),
  route({
    method: 'POST',
    path: '/entity-definitions',
    allow: define,
    summary: 'Define a kind of thing with its fields',
    body: Type.Object({ domainId: uuid, ...DefinitionFields.properties }),
    refusals: ['assignments.definition_name_taken', 'assignments.definition_faulty'],
    status: 201,
    etag: true,
    response: EntityDefinition,
    handle: ({ body: { domainId, ...fields }, scope }, app) =>
      app.db.transaction(scope, tx => createDefinition(tx, domainId, fields)),
  }),
  route({
    method: 'GET',
    path: '/entity-definitions/{id}',
    allow: read,
    summary: 'Get a kind of thing, with how many there are and how many no longer fit',
    params: idParams,
    response: EntityDefinition,
    handle: ({ params, scope }, app) => getDefinition(app.db.reads(scope), params.id),
  }),
  route({
    method: 'PATCH',
    path: '/entity-definitions/{id}',
    allow: define,
    summary: 'Change a kind of thing',
    description:
      'With another schema its entities are checked anew. Those that no longer fit stay as they are: `unfitCount`.',
    params: idParams,
    body: DefinitionChanges,
    refusals: ['assignments.definition_name_taken', 'assignments.definition_faulty'],
    conditional: true,
    response: EntityDefinition,
    handle: ({ params, body, ifMatch, scope }, app) =>
      app.db.transaction(scope, tx => updateDefinition(tx, params.id, body, ifMatch)),
  }),
  route({
    method: 'DELETE',
    path: '/entity-definitions/{id}',
    allow: define,
    summary: 'Delete a kind of thing of which there is none',
    params: idParams,
    refusals: ['assignments.definition_in_use'],
    status: 204,
    response: Type.Null(),
    async handle({ params, scope }, app) {
      await deleteDefinition(app.db.scoped(scope), params.id)
      return null
    },
  }),
  route({
    method: 'GET',
    path: '/entities',
    allow: read,
    summary: 'List things of one kind, all or those that no longer fit their definition',
    query: Type.Object({ ...pageQuery, definitionId: uuid, fits: Type.Optional(Type.Boolean()) }),
    response: pageOf(Entity),
    handle: ({ query, scope }, app) => listEntities(app.db.reads(scope), query),
  }),
  route({
    method: 'POST',
    path: '/entities',
    allow: write,
    summary: 'Enter a thing of a kind',
    body: Type.Object({ definitionId: uuid, data: EntityData }),
    refusals: ['assignments.entity_unfit'],
    status: 201,
    etag: true,
    response: Entity,
    handle: ({ body, scope }, app) => app.db.transaction(scope, tx => createEntity(tx, body.definitionId, body.data)),
  }),
  route({
    method: 'GET',
    path: '/entities/{id}',
    allow: read,
    summary: 'Get a thing, with where it no longer fits its definition',
    params: idParams,
    response: Entity,
    handle: ({ params, scope }, app) => getEntity(app.db.reads(scope), params.id),
  }),
  route({
    method: 'PATCH',
    path: '/entities/{id}',
    allow: write,
    summary: 'Put other data in the place of a thing’s',
    params: idParams,
    body: Type.Object({ data: EntityData }),
    refusals: ['assignments.entity_unfit'],
    conditional: true,
    response: Entity,
    handle: ({ params, body, ifMatch, scope }, app) =>
      app.db.transaction(scope, tx => updateEntity(tx, params.id, body.data, ifMatch)),
  }),
  route({
    method: 'DELETE',
    path: '/entities/{id}',
    allow: write,
    summary: 'Delete a thing',
    params: idParams,
    status: 204,
    response: Type.Null(),
    async handle({ params, scope }, app) {
      await deleteEntity(app.db.scoped(scope), params.id)
      return null
    },
  }),
]
