import type pg from 'pg'

type Profile = {
  uei: string
  cage: string
  name: string
  city: string
  state: string
  naics: string
  value: string | null
}

/** A few real contractors (SAM.gov and FPDS, public domain) and enough others to fill several pages. */
const known: readonly Profile[] = [
  profile('C12NSYAH27N4', '0DE86', 'VERIZON FEDERAL INC.', 'ASHBURN', 'VA', '517111', '48127344.10'),
  profile('CKV2L9GZKJK3', '1TTG5', 'DELOITTE CONSULTING LLP', 'ARLINGTON', 'VA', '541611', '1133394199.53'),
  profile('MYKLJHTX3MM7', '7LQ18', 'LEIDOS INNOVATIONS CORPORATION', 'GAITHERSBURG', 'MD', '541519', '817900000.00'),
  profile('JCBMLGPE6Z71', '17038', 'BOOZ ALLEN HAMILTON INC.', 'MCLEAN', 'VA', '541330', '774650000.25'),
  profile('T8JGE1LE8933', '7GC29', 'POLITICO, LLC', 'ARLINGTON', 'VA', '516210', null),
]

export async function seedCatalogue(owner: pg.Client): Promise<void> {
  const many = Array.from({ length: 140 }, (_, i) =>
    profile(
      `ZZZZZZZZZ${100 + i}`,
      `9Z${100 + i}`,
      `TIDEWATER WORKS ${i + 1}, LLC`,
      'NORFOLK',
      'VA',
      '541330',
      `${1000 + i}.00`,
    ),
  )
  for (const { uei, cage, name, city, state, naics, value } of [...known, ...many]) {
    await owner.query(
      `insert into contractors.contractor_profiles
         (uei, cage_code, name, legal_business_name, city, state, naics_code, business_types, total_contract_value,
          active_contracts_count, completed_contracts_count)
       values ($1, $2, $3, $3, $4, $5, $6, '["2X", "XS"]', $7, 2, 1)`,
      [uei, cage, name, city, state, naics, value],
    )
  }
  for (const [year, amount] of [
    [2022, '12000000.10'],
    [2023, '30127344.00'],
    [2025, '6000000.00'],
  ] as const) {
    await owner.query(
      `insert into contractors.awards
         (id, uei, kind, agency_id, agency_name, piid, description, naics_code, psc_code, signed_date,
          last_action_date, completion_date, obligated_amount, total_obligated, record_id)
       values
         (gen_random_uuid(), 'C12NSYAH27N4', 'award', '9700', 'Department of Defense', $1, 'Network services',
          '517111', 'DG10', $2, $2, '2027-09-30', $3, $3, gen_random_uuid())`,
      [`HC1013${year}F0001`, `${year}-03-14`, amount],
    )
  }
}

function profile(
  uei: string,
  cage: string,
  name: string,
  city: string,
  state: string,
  naics: string,
  value: string | null,
): Profile {
  return { uei, cage, name, city, state, naics, value }
}
