-- Which keys were made through which identity provider is lost: those that live go on.
alter table access.api_keys drop column provider_id;
