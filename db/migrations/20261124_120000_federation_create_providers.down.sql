select audit.untrack('federation.iam_user_mappings');
drop table federation.iam_user_mappings;
select audit.untrack('federation.provider_domains');
drop table federation.provider_domains;
select audit.untrack('federation.iam_providers');
drop table federation.iam_providers;
