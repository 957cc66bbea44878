-- Not the catalogue (an import is one event) and not the activity of lists (a log itself).
select audit.track('contractors.contractor_lists');
select audit.track('contractors.contractor_list_shares', redact => '{access_token_hash}', ignore => '{last_accessed_at}');
select audit.track('contractors.contractor_list_items', ignore => '{last_viewed_at,view_count}');
