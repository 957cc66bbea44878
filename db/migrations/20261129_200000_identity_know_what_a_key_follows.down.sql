-- What a key took over from is lost.
-- squawk-ignore ban-drop-column
alter table identity.signing_keys drop column follows;
select audit.track('identity.signing_keys', redact => '{private_key_encrypted}');
