-- What the schema of a request refuses, no other program writes either. One short row for each account: soon looked through.
-- squawk-ignore-file constraint-missing-not-valid
alter table identity.user_profiles
  add constraint user_profiles_avatar_url_length check (length(avatar_url) between 1 and 2048),
  add constraint user_profiles_address_length check (length(address) between 1 and 500),
  add constraint user_profiles_bio_length check (length(bio) between 1 and 2000),
  add constraint user_profiles_title_length check (length(title) between 1 and 100),
  add constraint user_profiles_department_length check (length(department) between 1 and 100),
  add constraint user_profiles_language_length check (length(language) <= 35),
  add constraint user_profiles_social_links_few check (
    jsonb_array_length(jsonb_path_query_array(social_links, '$.keyvalue()', '{}', true)) <= 20
    and length(social_links::text) <= 8192
  ),
  add constraint user_profiles_skills_few check (
    case jsonb_typeof(skills) when 'array' then jsonb_array_length(skills) <= 50 and length(skills::text) <= 8192 end
  ),
  add constraint user_profiles_preferences_size check (length(preferences::text) <= 16384),
  add constraint user_profiles_metadata_size check (length(metadata::text) <= 16384),
  add constraint user_profiles_email_preferences_known check (
    case jsonb_typeof(email_preferences)
      when 'object' then email_preferences - '{marketing,updates,security,newsletter}'::text[] = '{}'
        and not jsonb_path_exists(email_preferences, '$.* ? (@.type() != "boolean")')
    end
  );
comment on column identity.user_profiles.avatar_url is 'Where the picture is, below this installation; set by the program with the row in identity.avatars';
comment on column identity.user_profiles.metadata is 'For programs (imports, integrations); the user neither sees nor changes it';
