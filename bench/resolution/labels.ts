import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'

/** A vendor as somebody typed it beside the contract of a firm whose UEI the registry knows. */
export type TypedVendor = { name: string; legalName: string; uei: string; family: string; isSuspect: boolean }

/** A vendor block of an award, whose UEI is the answer and not shown to the engine. */
export type LabelledMention = {
  id: string
  name: string
  street: string
  city: string
  state: string
  zipCode: string
  country: string
  cageCode: string
  firstSeen: string
  lastSeen: string
  uei: string
  family: string
  variant: string
}

const read = (name: string): Record<string, string>[] =>
  parse(gunzipSync(readFileSync(new URL(`../../data/contractors/${name}.csv.gz`, import.meta.url))), { columns: true })

/** Family: the parent as the registry has it, else the firm itself. */
export function readTypedVendors(): TypedVendor[] {
  const parents = new Map(read('entities').map(row => [row.uei!, row.parent_uei || row.uei!]))
  return read('typed_vendor_pairs').map(row => ({
    name: row.typed_vendor!,
    legalName: row.fpds_entity_name!,
    uei: row.uei!,
    family: parents.get(row.uei!) ?? row.uei!,
    isSuspect: row.suspect_wrong_join === '1',
  }))
}

export function readMentions(): LabelledMention[] {
  return read('entity_resolution_mentions').map(row => ({
    id: row.mention_id!,
    name: row.name!,
    street: row.street!,
    city: row.city!,
    state: row.state!,
    zipCode: row.zip5!,
    country: row.country!,
    cageCode: row.cage_code!,
    firstSeen: row.first_signed!,
    lastSeen: row.last_signed!,
    uei: row.truth_uei!,
    family: row.truth_family!,
    variant: row.variant_class!,
  }))
}

/** The same fold for all that belongs to a family, whatever else is in the data. */
export function foldOf(family: string, folds: number): number {
  let hash = 2166136261
  for (const letter of family) hash = Math.imul(hash ^ letter.charCodeAt(0), 16777619)
  return (hash >>> 0) % folds
}
