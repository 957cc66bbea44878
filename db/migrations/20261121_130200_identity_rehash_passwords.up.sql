grant update (password_hash) on identity.passwords to commonhold_app;
comment on column identity.passwords.password_hash is
  'Argon2id, or bcrypt from elsewhere until the next sign-in, which hashes the same password anew (PE-01)';
comment on column identity.passwords.created_at is 'When the person chose it: its age counts from here, hashed anew or not';
