alter table contractors.awards
  drop column place_city,
  drop column place_state,
  drop column place_country;
