alter table identity.signing_keys add column follows text;
comment on column identity.signing_keys.follows is
  'JWS of this key (commonhold-key-change): the key that it took over from, when, why, and how far each log was by then. Null for the first one';
select audit.track('identity.signing_keys', redact => '{private_key_encrypted}');
