alter table audit.verifications
  drop column database,
  drop column kind,
  drop column requested_by,
  drop column done,
  drop column total,
  drop column seen_at,
  drop column failure;
