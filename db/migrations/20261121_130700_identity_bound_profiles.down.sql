comment on column identity.user_profiles.metadata is null;
comment on column identity.user_profiles.avatar_url is null;
alter table identity.user_profiles
  drop constraint user_profiles_email_preferences_known,
  drop constraint user_profiles_metadata_size,
  drop constraint user_profiles_preferences_size,
  drop constraint user_profiles_skills_few,
  drop constraint user_profiles_social_links_few,
  drop constraint user_profiles_language_length,
  drop constraint user_profiles_department_length,
  drop constraint user_profiles_title_length,
  drop constraint user_profiles_bio_length,
  drop constraint user_profiles_address_length,
  drop constraint user_profiles_avatar_url_length;
