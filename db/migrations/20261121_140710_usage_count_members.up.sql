select usage.count_rows('tenancy.user_tenants', 'tenancy.members');
