import type { Dialect } from '#platform/http'
import { urns } from './messages.ts'

/** The most bytes of a body: a group of 20,000 members pushed whole fits. */
export const scimBodyLimit = 4_194_304

/**
 * SCIM 2.0 (RFC 7644): application/scim+json, refusals as its Error message. 401 comes with `WWW-Authenticate` and 429
 * with `Retry-After`, as everywhere.
 */
export const scim: Dialect = {
  prefix: '/scim/v2',
  mediaType: 'application/scim+json; charset=utf-8',
  takes: ['application/scim+json', 'application/json'],
  limit: scimBodyLimit,
  refusalOf: ({ status, code, detail }) => errorMessage(status, code, detail),
}

/** Also what an operation of a bulk answers where it is refused. */
export function errorMessage(status: number, code: string, detail: string) {
  const scimType = scimTypes[code]
  // The status is text (RFC 7644, 3.12).
  return { schemas: [urns.error], ...(scimType ? { scimType } : {}), detail, status: String(status) }
}

/** RFC 7644, table 9. */
const scimTypes: Readonly<Record<string, string>> = {
  'federation.scim_filter_invalid': 'invalidFilter',
  'federation.scim_filter_too_complex': 'invalidFilter',
  'federation.scim_path_invalid': 'invalidPath',
  'federation.scim_no_target': 'noTarget',
  'federation.scim_value_invalid': 'invalidValue',
  'federation.scim_syntax_invalid': 'invalidSyntax',
  'federation.scim_read_only': 'mutability',
  'federation.scim_user_name_taken': 'uniqueness',
  'federation.scim_external_id_taken': 'uniqueness',
  'federation.scim_person_taken': 'uniqueness',
  'federation.scim_display_name_taken': 'uniqueness',
  'federation.scim_bulk_too_many': 'tooMany',
  'identity.email_invalid': 'invalidValue',
  'identity.email_deceptive': 'invalidValue',
  'http.body_malformed': 'invalidSyntax',
  'http.text_unfit': 'invalidValue',
  'http.request_invalid': 'invalidValue',
}
