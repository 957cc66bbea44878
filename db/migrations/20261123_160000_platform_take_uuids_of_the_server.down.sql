create or replace function platform.uuid_v7()
returns uuid
language sql
volatile
parallel safe
as $$
  -- 48 bits of milliseconds and 12 bits of their fraction (RFC 9562, method 3), so that rows of one transaction keep their order
  select (
    overlay(
      lpad(to_hex((extract(epoch from clock_timestamp()) * 1000000)::bigint * 512 / 125), 15, '0')
      placing '7' from 13 for 0
    ) || substr(gen_random_uuid()::text, 20)
  )::uuid
$$;
