import { type Attribute, groupShape, type Shape, userShape } from './attributes.ts'
import { mostBulkOperations } from './bulks.ts'
import { scimBodyLimit } from './dialect.ts'
import { scimErrors as errors } from './errors.ts'
import { type Json, listOf, urns } from './messages.ts'
import { mostResults } from './pages.ts'

/** What this server can do (RFC 7643, 5). */
export const serviceProviderConfig = (base: string): Json => ({
  schemas: [urns.serviceProviderConfig],
  patch: { supported: true },
  bulk: { supported: true, maxOperations: mostBulkOperations, maxPayloadSize: scimBodyLimit },
  filter: { supported: true, maxResults: mostResults },
  changePassword: { supported: false },
  sort: { supported: false },
  etag: { supported: true },
  authenticationSchemes: [
    {
      type: 'oauthbearertoken',
      name: 'Bearer token',
      description: 'A token that is made in the console, at the identity provider, under “Provisioning (SCIM)”',
      specUri: 'https://www.rfc-editor.org/rfc/rfc6750',
      primary: true,
    },
  ],
  meta: { resourceType: 'ServiceProviderConfig', location: `${base}/ServiceProviderConfig` },
})

const shapes = [userShape, groupShape]
const about: Record<Shape['name'], string> = {
  User: 'A person of the directory, who works in the workspace while active',
  Group: 'A group of the directory, which gives roles where it is mapped to one',
}

const resourceTypeOf = ({ name, urn, extensions }: Shape, base: string): Json => ({
  schemas: [urns.resourceType],
  id: name,
  name,
  description: about[name],
  endpoint: `/${name}s`,
  schema: urn,
  schemaExtensions: Object.keys(extensions).map(schema => ({ schema, required: false })),
  meta: { resourceType: 'ResourceType', location: `${base}/ResourceTypes/${name}` },
})

export function listResourceTypes(base: string): Json {
  const types = shapes.map(shape => resourceTypeOf(shape, base))
  return listOf(types, types.length, 1)
}

export function getResourceType(base: string, id: string): Json {
  const found = shapes.find(({ name }) => name.toLowerCase() === id.toLowerCase())
  if (!found) throw errors.scimSchemaNotFound({ id })
  return resourceTypeOf(found, base)
}

type Schema = { id: string; name: string; description: string; attributes: readonly Attribute[] }

const schemas: readonly Schema[] = shapes.flatMap(({ urn, name, own, extensions }) => [
  { id: urn, name, description: about[name], attributes: own },
  ...Object.entries(extensions).map(([id, attributes]) => ({
    id,
    name: 'EnterpriseUser',
    description: 'What employers say of a person',
    attributes,
  })),
])

export function listSchemas(base: string): Json {
  return listOf(
    schemas.map(schema => schemaOf(schema, base)),
    schemas.length,
    1,
  )
}

export function getSchema(base: string, id: string): Json {
  const found = schemas.find(schema => schema.id.toLowerCase() === id.toLowerCase())
  if (!found) throw errors.scimSchemaNotFound({ id })
  return schemaOf(found, base)
}

const schemaOf = ({ id, name, description, attributes }: Schema, base: string): Json => ({
  schemas: [urns.schema],
  id,
  name,
  description,
  attributes: attributes.map(attributeOf),
  meta: { resourceType: 'Schema', location: `${base}/Schemas/${id}` },
})

function attributeOf(attribute: Attribute): Json {
  const { name, description, type = 'string', mutability = 'readWrite', subs } = attribute
  return {
    name,
    type,
    multiValued: attribute.isMultiValued ?? false,
    description,
    required: attribute.isRequired ?? false,
    caseExact: attribute.isCaseExact ?? false,
    mutability,
    returned: mutability === 'writeOnly' ? 'never' : 'default',
    uniqueness: attribute.isUnique ? 'server' : 'none',
    ...(type === 'reference' ? { referenceTypes: ['uri'] } : {}),
    ...(subs ? { subAttributes: subs.map(attributeOf) } : {}),
  }
}
